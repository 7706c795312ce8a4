#include "cli/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/code.h"
#include "base/log.h"
#include "cli/load_job.h"
#include "cli/offsets.h"
#include "job/run.h"

namespace weir {
namespace {

constexpr const char* kVersion = "0.1.0";

struct Flags : JobFlags {
  std::vector<std::string> paths;
  std::string code;
  bool takeover = false;
};

int check(const Flags& flags) {
  std::size_t files = 0;
  bool failed = false;
  std::string text;
  const auto one = [&](const std::string& path) {
    const LoadedJob loaded = load_job(flags, path);
    ++files;
    failed = failed || loaded.diagnostics.has_errors() || !loaded.plan;
    text += loaded.diagnostics.render();
  };
  for (const std::string& path : flags.paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      one(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      const std::string extension = entry.path().extension();
      if (extension == ".yaml" || extension == ".yml") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    for (const std::string& file : found) one(file);
  }
  std::fputs(text.c_str(), stderr);
  if (!failed) std::printf("%zu job file%s in order\n", files, files == 1 ? "" : "s");
  return failed ? kExitConfig : kExitDone;
}

int with_plan(const Flags& flags, int (*then)(const Flags&, const LoadedJob&)) {
  const LoadedJob loaded = load_job(flags, flags.job);
  std::fputs(loaded.diagnostics.render().c_str(), stderr);
  if (!loaded.plan || loaded.diagnostics.has_errors()) return kExitConfig;
  return then(flags, loaded);
}

int run(const Flags& flags, const LoadedJob& loaded) {
  init_log(loaded.config.log);
  const std::string state_dir = state_directory(flags, loaded.config);
  if (state_dir.empty()) {
    std::fputs("weir run: no state directory: set HOME, or name one with --state-dir\n", stderr);
    return kExitConfig;
  }
  return run_job(*loaded.job, *loaded.plan,
                 {.job_file = job_words(flags),
                  .state_dir = state_dir,
                  .instance = loaded.config.instance,
                  .takeover = flags.takeover});
}

int plan(const Flags& /*flags*/, const LoadedJob& loaded) {
  std::fputs(explain_plan(*loaded.job, *loaded.plan).c_str(), stdout);
  return kExitDone;
}

int explain(const Flags& flags) {
  const std::optional<Code> code = parse_code(flags.code);
  if (!code) {
    std::fprintf(stderr, "weir explain: there is no code \"%s\"; they look like W2104\n",
                 flags.code.c_str());
    return kExitUsage;
  }
  const CodePage page = *find_code_page(*code);
  std::printf("%s (%s): %s\n\n%s\n\n%s\n", to_string(page.code).c_str(),
              std::string(page.name).c_str(), std::string(page.title).c_str(),
              std::string(page.cause).c_str(), std::string(page.cure).c_str());
  return kExitDone;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("weir: exactly-once stream processing for Apache Kafka, from YAML job files");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done or stopped as asked, 1 failed and worth restarting, 64 usage,\n"
      "78 configuration, or a HALT that needs a person.");
  Flags flags;
  const auto common = [&](CLI::App* command) {
    command->add_option(
        "--config", flags.config,
        "weir.yaml (default: $WEIR_CONFIG, else /etc/weir/weir.yaml when it is there)");
    command->add_option("--param", flags.params,
                        "NAME=VALUE for the job's params; may be given again");
  };
  int exit_code = kExitDone;
  CLI::App* const run_command = app.add_subcommand("run", "Run a job in the foreground");
  run_command->add_option("JOB", flags.job, "job file")->required();
  run_command->add_option(
      "--state-dir", flags.state_dir,
      "where jobs keep their state (default: weir.yaml's, else ~/.local/state/weir)");
  run_command->add_flag("--takeover", flags.takeover,
                        "take the job over from the machine that ran it last; for this start");
  common(run_command);
  run_command->callback([&] { exit_code = with_plan(flags, &run); });
  CLI::App* const check_command =
      app.add_subcommand("check", "Check job files without starting anything");
  check_command->add_option("PATH", flags.paths, "job files, or directories of them")->required();
  common(check_command);
  check_command->callback([&] { exit_code = check(flags); });
  CLI::App* const plan_command = app.add_subcommand("plan", "Show what a job would do");
  plan_command->add_option("JOB", flags.job, "job file")->required();
  common(plan_command);
  plan_command->callback([&] { exit_code = with_plan(flags, &plan); });
  add_offsets_command(app, exit_code);
  CLI::App* const explain_command =
      app.add_subcommand("explain", "Cause and cure of a code, such as W2104");
  explain_command->add_option("CODE", flags.code)->required();
  explain_command->callback([&] { exit_code = explain(flags); });
  app.add_subcommand("version", "Print the version")->callback([] {
    std::printf("weir %s\n", kVersion);
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "weir: %s\nRun weir --help for the commands.\n", error.what());
    return kExitUsage;
  }
  return exit_code;
}

}  // namespace weir
