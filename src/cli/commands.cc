#include "cli/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "api/job_api.h"
#include "base/log.h"
#include "cli/check.h"
#include "cli/control.h"
#include "cli/daemon.h"
#include "cli/eval.h"
#include "cli/explain.h"
#include "cli/generate.h"
#include "cli/help.h"
#include "cli/job_options.h"
#include "cli/load_job.h"
#include "cli/marker.h"
#include "cli/offsets.h"
#include "cli/usage.h"
#include "cli/version.h"
#include "connectors/kafka/version.h"
#include "job/checkpoint.h"
#include "job/matches.h"
#include "job/run.h"
#include "job/stops.h"
#include "spec/directories.h"
#include "state/version.h"
#include "supervisor/open_files.h"
#include "supervisor/supervised.h"

namespace weir {
namespace {

struct Flags : JobFlags {
  std::vector<std::string> paths;
  std::string code;
  bool takeover = false;
  bool reload = false;
  bool makes_marker = false;
};

int with_plan(const Flags& flags, int (*then)(const Flags&, const LoadedJob&)) {
  const LoadedJob loaded = load_job(flags, flags.job);
  if (const int code = report(loaded); code != kExitDone) return code;
  return then(flags, loaded);
}

// The job's process, by hand or under a daemon.
class RunCommand {
 public:
  explicit RunCommand(const Flags& flags) : flags_(flags) {}

  int run() {
    // First of all: a signal that comes while the job is read drains it too.
    if (const Result<> caught = catch_stops(); !caught) return refuse(caught.error().message());
    Result<std::unique_ptr<Supervised>> daemon = Supervised::from_environment(kVersion);
    if (!daemon) return refuse(daemon.error().message());
    daemon_ = std::move(*daemon);
    set_open_files(open_files_of_job(open_files(), daemon_ != nullptr));
    GivenTexts given;
    if (daemon_) {
      Result<std::string> job = daemon_->job_text();
      Result<std::optional<std::string>> config = daemon_->config_text();
      if (!job || !config) return refuse((job ? config.error() : job.error()).message());
      given = {std::move(*job), std::move(*config)};
    }
    const LoadedJob loaded = load_job(flags_, flags_.job, given);
    if (const int code = report(loaded); code != kExitDone) {
      if (daemon_) daemon_->on_end(RunEnd::kHalted, code, loaded.diagnostics.render());
      return code;
    }
    return run(loaded);
  }

 private:
  int refuse(const std::string& why) {
    std::fprintf(stderr, "weir run: %s\n", why.c_str());
    if (daemon_) daemon_->on_end(RunEnd::kHalted, kExitConfig, why);
    return kExitConfig;
  }

  int run(const LoadedJob& loaded) {
    init_log(loaded.config.log);
    const Directories directories = directories_of(loaded.config, flags_.state_dir);
    if (directories.state.empty()) {
      return refuse("no state directory: set HOME, or name one with --state-dir");
    }
    RunOptions options{.job_file = job_words(flags_),
                       .state_dir = directories.state,
                       .instance = loaded.config.instance,
                       .takeover = flags_.takeover,
                       .makes_marker = flags_.makes_marker};
    const SystemClock clock;
    JobApi api(
        {.job = loaded.job->identity(),
         .version = kVersion,
         .plan = explain_plan(*loaded.job, *loaded.plan,
                              {.instance = loaded.config.instance,
                               .directory = directories.state + "/" + loaded.config.instance + "/" +
                                            loaded.job->identity(),
                               .checkpoint = {}}),
         .socket = directories.job_socket(loaded.job->identity())},
        clock);
    options.watchers.push_back(&api);
    if (daemon_) {
      options.watchers.push_back(daemon_.get());
      // The process of a daemon that died may still drain.
      constexpr std::chrono::seconds kGrace{30};
      options.lock_wait =
          std::chrono::duration_cast<std::chrono::milliseconds>(loaded.job->drain_timeout + kGrace);
    }
    return run_job(*loaded.job, *loaded.plan, options);
  }

  const Flags& flags_;
  std::unique_ptr<Supervised> daemon_;
};

int plan(const Flags& flags, const LoadedJob& loaded) {
  // Why a cluster does not answer stands in the answer.
  LogOptions quiet = loaded.config.log;
  quiet.level = LogLevel::kError;
  init_log(quiet);
  PlanSurroundings around;
  around.instance = loaded.config.instance;
  const std::string state_dir = directories_of(loaded.config, flags.state_dir).state;
  around.directory = state_dir.empty()
                         ? std::string("nowhere: set HOME, or name a directory with --state-dir")
                         : state_dir + "/" + around.instance + "/" + loaded.job->identity();
  if (const auto checkpoint = find_checkpoint(around.directory)) {
    around.checkpoint = checkpoint->place;
    around.ends_kept = checkpoint->ends;
  }
  around.matches = pattern_matches(*loaded.job);
  std::fputs(explain_plan(*loaded.job, *loaded.plan, around).c_str(), stdout);
  return kExitDone;
}

int plan_or_reload(const Flags& flags) {
  if (flags.reload != flags.job.empty()) {
    std::fputs("weir: plan: name a job file, or give --reload\nSee weir plan --help.\n", stderr);
    return kExitUsage;
  }
  return flags.reload ? show_reload(flags) : with_plan(flags, &plan);
}

int version() {
  std::printf("weir %s\nlibrdkafka %s\nRocksDB %s\n", kVersion, kafka::library_version().c_str(),
              rocksdb_version().c_str());
  return kExitDone;
}

// Declares every command; each leaves its exit code in `exit_code`.
void add_commands(CLI::App& app, Flags& flags, int& exit_code) {
  CLI::App* const run_command = app.add_subcommand("run", "run a job in the foreground");
  add_job_options(*run_command, flags);
  run_command->add_flag("--takeover", flags.takeover,
                        "take the job over from the machine that ran it last; for this start");
  // A daemon says it of a job that a person started.
  run_command->add_flag("--make-marker", flags.makes_marker)->group("");
  run_command->callback([&] { exit_code = RunCommand(flags).run(); });

  CLI::App* const check_command =
      app.add_subcommand("check", "find the mistakes in job files, without starting anything");
  check_command->add_option("PATH", flags.paths, "job files, or directories of them")->required();
  add_config_options(*check_command, flags);
  check_command->callback([&] { exit_code = check_paths(flags, flags.paths); });

  CLI::App* const plan_command = app.add_subcommand("plan", "show what a job would do");
  add_job_options(*plan_command, flags);
  plan_command->get_option("JOB")->required(false);
  plan_command->add_flag("--reload", flags.reload,
                         "in place of JOB: what the daemon would do with its jobs at a reload");
  plan_command->callback([&] { exit_code = plan_or_reload(flags); });

  add_daemon_command(app, exit_code);
  add_control_commands(app, exit_code);
  add_offsets_command(app, exit_code);
  add_marker_command(app, exit_code);
  add_eval_command(app, exit_code);

  CLI::App* const explain_command =
      app.add_subcommand("explain", "cause and cure of a code, such as W2104");
  explain_command->add_option("CODE", flags.code, "a code, or the name of a HALT");
  explain_command->callback([&] { exit_code = explain_code(flags.code); });

  add_generate_command(app, exit_code);
  app.add_subcommand("version", "the versions of weir and its libraries")->callback([&] {
    exit_code = version();
  });
}

// `weir help run` is `weir run --help`; `weir --version` is `weir version`.
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (!words.empty() && (words[0] == "--version" || words[0] == "-V")) words[0] = "version";
  return words;
}

bool has_command(const CLI::App& app, const std::string& word) {
  const std::vector<const CLI::App*> commands =
      app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return command->get_name() == word; });
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("exactly-once stream processing for Apache Kafka, from YAML job files", "weir");
  app.formatter(make_help_formatter());
  app.set_help_flag("-h,--help", "this text");
  app.require_subcommand(1);
  Flags flags;
  int exit_code = kExitDone;
  add_commands(app, flags, exit_code);

  std::vector<std::string> words = arguments_of(argc, argv);
  if (words.empty()) {
    std::fputs(app.help().c_str(), stderr);
    return kExitUsage;
  }
  if (!words[0].starts_with('-') && !has_command(app, words[0])) {
    std::fputs(unknown_command(app, words[0]).c_str(), stderr);
    return kExitUsage;
  }
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::fputs(parse_mistake(app, error).c_str(), stderr);
    return kExitUsage;
  }
  // What was asked for must have arrived.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::fprintf(stderr, "weir: cannot write to standard output: %s\n", std::strerror(errno));
    if (exit_code == kExitDone) exit_code = kExitFailed;
  }
  return exit_code;
}

}  // namespace weir
