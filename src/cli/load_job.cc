#include "cli/load_job.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

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

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

LoadedJob load_job(const JobFlags& flags, const std::string& path) {
  LoadedJob loaded;
  const ParseOptions options = parse_options(flags);
  if (const std::string file = config_path(flags); !file.empty()) {
    std::optional<WeirConfig> config = parse_weir_config_file(file, loaded.diagnostics, options);
    if (!config) return loaded;
    loaded.config = std::move(*config);
  }
  loaded.job = parse_job_file(path, loaded.config, loaded.diagnostics, options);
  if (loaded.job) loaded.plan = make_plan(*loaded.job, loaded.diagnostics);
  return loaded;
}

std::string state_directory(const JobFlags& flags, const WeirConfig& config) {
  if (!flags.state_dir.empty()) return flags.state_dir;
  if (!config.state_dir.empty()) return config.state_dir;
  return default_state_dir().value_or("");
}

std::string job_words(const JobFlags& flags) {
  std::string words = quoted(flags.job);
  if (!flags.config.empty()) words += " --config " + quoted(flags.config);
  if (!flags.state_dir.empty()) words += " --state-dir " + quoted(flags.state_dir);
  for (const std::string& param : flags.params) words += " --param " + quoted(param);
  return words;
}

}  // namespace weir
