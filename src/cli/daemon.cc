#include "cli/daemon.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "api/daemon_api.h"
#include "base/log.h"
#include "cli/job_options.h"
#include "cli/load_job.h"
#include "cli/upgrade.h"
#include "cli/version.h"
#include "job/run.h"
#include "supervisor/daemon.h"

namespace weir {
namespace {

struct DaemonFlags : JobFlags {
  bool upgrade = false;
  std::uint32_t api_request_ms = 10'000;
};

int fail(const Error& error) {
  log(LogLevel::kError, error.code() == Code::kNone
                            ? error.message()
                            : to_string(error.code()) + ": " + error.message());
  return error.action() == Action::kStopJob ? kExitConfig : kExitFailed;
}

// What this daemon was started as.
std::vector<std::string> own_arguments(const DaemonFlags& flags) {
  std::vector<std::string> words{"weir", "daemon"};
  for (const auto& [option, value] :
       {std::pair("--config", flags.config), std::pair("--state-dir", flags.state_dir)}) {
    if (value.empty()) continue;
    words.emplace_back(option);
    words.push_back(value);
  }
  if (flags.api_request_ms != DaemonFlags{}.api_request_ms) {
    words.push_back("--api-request-ms=" + std::to_string(flags.api_request_ms));
  }
  return words;
}

int run_daemon(const DaemonFlags& flags) {
  Diagnostics mistakes;
  const std::optional<WeirConfig> config = load_config(flags, mistakes);
  if (!config) {
    std::fputs(mistakes.render().c_str(), stderr);
    return kExitConfig;
  }
  const Directories directories = directories_of(*config, flags.state_dir);
  if (directories.state.empty()) {
    std::fputs("weir daemon: no state directory: set HOME, or name one with --state-dir\n", stderr);
    return kExitConfig;
  }
  if (directories.jobs.empty()) {
    std::fputs("weir daemon: no weir.yaml, and so no directory with jobs: name it with --config\n",
               stderr);
    return kExitConfig;
  }
  init_log(config->log);
  const SystemClock clock;
  SystemRandom random;
  auto daemon = Daemon::open(
      {.config = *config,
       .config_file = config->source ? absolute_beside({}, config->source->path()) : "",
       .directories = directories,
       .version = kVersion,
       .arguments = own_arguments(flags)},
      clock, random);
  if (!daemon) return fail(daemon.error());
  const auto api =
      DaemonApi::start({.config = config->api,
                        .socket = directories.socket,
                        .request_max = std::chrono::milliseconds(flags.api_request_ms)},
                       **daemon, clock);
  if (!api) return fail(api.error());
  return (*daemon)->run();
}

}  // namespace

void add_daemon_command(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<DaemonFlags>();
  CLI::App* const command =
      app.add_subcommand("daemon", "run the jobs of weir.yaml's jobs_dir, each in its own process");
  command
      ->add_option("--config", flags->config,
                   "weir.yaml (default: $WEIR_CONFIG, else /etc/weir/weir.yaml when it is there)")
      ->type_name("FILE");
  add_state_dir_option(*command, *flags);
  command->add_flag("--upgrade", flags->upgrade,
                    "have the running daemon replaced by the program on disk; its jobs run on");
  // For tests of the API's bounds.
  command->add_option("--api-request-ms", flags->api_request_ms)->group("");
  command->callback([flags, &exit_code] {
    exit_code = flags->upgrade ? upgrade_daemon(*flags) : run_daemon(*flags);
  });
}

}  // namespace weir
