#include "cli/load_job.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/nearest.h"
#include "job/check_paths.h"
#include "job/check_properties.h"
#include "job/run.h"
#include "spec/directories.h"
#include "spec/parse.h"

namespace weir {
namespace {

std::string config_path(const JobFlags& flags) {
  if (!flags.config.empty()) return flags.config;
  if (const char* const named = std::getenv("WEIR_CONFIG"); named != nullptr && *named != '\0')
    return named;
  const char* const standard = "/etc/weir/weir.yaml";
  std::error_code ignored;
  return std::filesystem::exists(standard, ignored) ? standard : "";
}

ParseOptions parse_options(const JobFlags& flags) {
  ParseOptions options;
  for (const std::string& param : flags.params) {
    const std::size_t equals = param.find('=');
    options.params[param.substr(0, equals)] =
        equals == std::string::npos ? "" : param.substr(equals + 1);
  }
  return options;
}

Diagnostic flag_mistake(const std::string& name, std::string message) {
  Diagnostic made;
  made.file = "--param " + name;
  made.code = Code::kBadFlag;
  made.message = std::move(message);
  return made;
}

// Values of the command line that are not of the type that the job declares.
void check_param_values(LoadedJob& loaded) {
  for (const ParamSpec& param : loaded.job->params) {
    if (param.value.given || compile_constant(*param.value, param.type)) continue;
    const LineColumn at = loaded.job->source->line_column(param.name.at.offset);
    loaded.diagnostics.add(flag_mistake(*param.name, "\"" + *param.value + "\" is not of type " +
                                                         to_string(param.type) + ", which line " +
                                                         std::to_string(at.line) + " of " +
                                                         loaded.job->source->path() + " asks for"));
    loaded.flags_are_wrong = true;
  }
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::optional<WeirConfig> load_config(const JobFlags& flags, Diagnostics& diagnostics) {
  const std::string file = config_path(flags);
  if (file.empty()) return WeirConfig{};
  return read_config(flags, file, diagnostics);
}

std::optional<WeirConfig> read_config(const JobFlags& flags, const std::string& file,
                                      Diagnostics& diagnostics) {
  std::optional<WeirConfig> config =
      parse_weir_config_file(file, diagnostics, parse_options(flags));
  if (!config) return config;
  Diagnostics refused;
  check_properties(*config, refused);
  if (!refused.has_errors()) return config;
  for (const Diagnostic& each : refused.all()) diagnostics.add(each);
  return std::nullopt;
}

LoadedJob load_job_under(const WeirConfig& config, const JobFlags& flags, const std::string& path,
                         std::vector<std::string>& params_known,
                         const std::optional<std::string>& text) {
  LoadedJob loaded;
  loaded.config = config;
  const ParseOptions options = parse_options(flags);
  loaded.job = text ? parse_job(path, *text, config, loaded.diagnostics, options)
                    : parse_job_file(path, config, loaded.diagnostics, options);
  if (!loaded.job) return loaded;
  for (const ParamSpec& param : loaded.job->params) params_known.push_back(*param.name);
  check_param_values(loaded);
  check_properties(*loaded.job, loaded.diagnostics);
  check_paths(*loaded.job, directories_of(config, flags.state_dir), loaded.diagnostics);
  loaded.plan = make_plan(*loaded.job, loaded.diagnostics);
  return loaded;
}

LoadedJob load_job(const JobFlags& flags, const std::string& path, const GivenTexts& given) {
  LoadedJob loaded;
  std::optional<WeirConfig> config =
      given.config ? parse_weir_config(flags.config, *given.config, loaded.diagnostics)
      : given.job  ? std::optional(WeirConfig{})
                   : load_config(flags, loaded.diagnostics);
  if (!config) return loaded;
  std::vector<std::string> known;
  loaded = load_job_under(*config, flags, path, known, given.job);
  if (!loaded.job) return loaded;
  for (const auto& [name, value] : parse_options(flags).params) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    loaded.diagnostics.add(unknown_param(name, known));
    loaded.flags_are_wrong = true;
  }
  return loaded;
}

Diagnostic unknown_param(const std::string& name, const std::vector<std::string>& known) {
  std::string message = "the job has no such parameter";
  const std::string hint = did_you_mean(name, {known.begin(), known.end()});
  if (!hint.empty()) {
    message += ", " + hint;
  } else if (known.empty()) {
    message += ", and no `params:` at all";
  }
  return flag_mistake(name, std::move(message));
}

int report(const LoadedJob& loaded) {
  std::fputs(loaded.diagnostics.render().c_str(), stderr);
  if (loaded.flags_are_wrong) return kExitUsage;
  return !loaded.plan || loaded.diagnostics.has_errors() ? kExitConfig : kExitDone;
}

std::string job_words(const JobFlags& flags) {
  std::string words = quoted(flags.job);
  if (!flags.config.empty()) words += " --config " + quoted(flags.config);
  if (!flags.state_dir.empty()) words += " --state-dir " + quoted(flags.state_dir);
  for (const std::string& param : flags.params) words += " --param " + quoted(param);
  return words;
}

}  // namespace weir
