#include "cli/control.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/job_table_text.h"
#include "cli/api_answer.h"
#include "cli/daemon_client.h"
#include "cli/logs.h"
#include "cli/top.h"
#include "job/run.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kLookAgain{100};

struct ControlFlags : JobFlags {
  bool json = false;
  bool all = false;
  bool takeover = false;
  bool dry_run = false;
  bool follow = false;
  bool no_wait = false;
  bool once = false;
  std::uint32_t parallel = 1;
  std::uint32_t lines = 100;
};

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int show(const ControlFlags& flags, const std::string& path) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const HttpFetch answer = daemon.ask("GET", path + (flags.json ? "" : "?format=text"));
  if (answer.status != 200) return daemon.say_failed(answer);
  print(answer.body);
  return kExitDone;
}

std::string job_target(const ControlFlags& flags) {
  return "/v1/jobs/" + percent_encoded(flags.job);
}

bool is_one_of(const std::string& state, const std::vector<std::string>& states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

// Where a job stays until a person does something.
const std::vector<std::string>& resting() {
  static const std::vector<std::string> kResting{"failed", "halted", "stopped", "invalid"};
  return kResting;
}

// Waits until the job is one of `goals`, or will not get there.
int wait_for(const DaemonClient& daemon, const ControlFlags& flags,
             const std::vector<std::string>& goals) {
  while (true) {
    const HttpFetch answer = daemon.ask("GET", job_target(flags));
    if (answer.status != 200) return daemon.say_failed(answer);
    ApiAnswer job(answer.body);
    const std::string state = job.text(job.root(), "state");
    const std::string why = job.text(job.root(), "why");
    if (is_one_of(state, goals)) {
      print(flags.json ? answer.body
                       : flags.job + " is " + state + (why.empty() ? "" : ": " + why) + "\n");
      return kExitDone;
    }
    if (is_one_of(state, resting())) {
      return fail("the job " + flags.job + " is " + state + ": " + why, kExitFailed);
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

int change(const ControlFlags& flags, const std::string& deed,
           const std::vector<std::string>& goals) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const HttpFetch answer =
      daemon.ask("POST", job_target(flags) + "/" + deed + (flags.takeover ? "?takeover=1" : ""));
  if (answer.status != 202) return daemon.say_failed(answer);
  if (!flags.no_wait) return wait_for(daemon, flags, goals);
  return flags.json ? show(flags, job_target(flags)) : kExitDone;
}

// The jobs that have a process, and which.
std::map<std::string, std::string> processes(ApiAnswer& jobs) {
  std::map<std::string, std::string> found;
  for (const std::string_view job : jobs.elements(jobs.root(), "jobs")) {
    const std::string pid = jobs.text(job, "pid");
    if (!pid.empty()) found[jobs.text(job, "name")] = pid;
  }
  return found;
}

// True when each of `before` that is still a job runs as another process, or rests; `resting_jobs`
// are those that do.
bool all_restarted(ApiAnswer& jobs, const std::map<std::string, std::string>& before,
                   std::vector<std::string>& resting_jobs) {
  resting_jobs.clear();
  for (const std::string_view job : jobs.elements(jobs.root(), "jobs")) {
    const auto old = before.find(jobs.text(job, "name"));
    if (old == before.end()) continue;
    const std::string state = jobs.text(job, "state");
    if (is_one_of(state, resting())) {
      resting_jobs.push_back(old->first + " is " + state);
    } else if (state != "finished" &&
               (state != "running" || jobs.text(job, "pid") == old->second)) {
      return false;
    }
  }
  return true;
}

int restart_all(const ControlFlags& flags) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const HttpFetch seen = daemon.ask("GET", "/v1/jobs");
  if (seen.status != 200) return daemon.say_failed(seen);
  ApiAnswer jobs(seen.body);
  const std::map<std::string, std::string> before = processes(jobs);
  const HttpFetch told =
      daemon.ask("POST", "/v1/restart?parallel=" + std::to_string(flags.parallel));
  if (told.status != 202) return daemon.say_failed(told);
  std::vector<std::string> resting_jobs;
  while (true) {
    const HttpFetch answer = daemon.ask("GET", "/v1/jobs");
    if (answer.status != 200) return daemon.say_failed(answer);
    ApiAnswer now(answer.body);
    if (flags.no_wait || all_restarted(now, before, resting_jobs)) {
      if (flags.json) print(answer.body);
      break;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  if (!flags.json && !flags.no_wait) {
    print(std::to_string(before.size() - resting_jobs.size()) + " jobs were restarted\n");
  }
  for (const std::string& job : resting_jobs) fail("the job " + job, kExitFailed);
  return resting_jobs.empty() ? kExitDone : kExitFailed;
}

int restart(const ControlFlags& flags) {
  if (flags.all == !flags.job.empty()) {
    return fail("restart: name a job, or give --all", kExitUsage);
  }
  return flags.all ? restart_all(flags) : change(flags, "restart", {"running", "finished"});
}

std::vector<ReloadStep> steps_of(const std::string& body) {
  ApiAnswer answer(body);
  std::vector<ReloadStep> steps;
  for (const std::string_view step : answer.elements(answer.root(), "steps")) {
    steps.push_back({.kind = reload_kind(answer.text(step, "kind")),
                     .job = answer.text(step, "job"),
                     .file = answer.text(step, "file"),
                     .text = answer.text(step, "text")});
  }
  return steps;
}

// 78 when a file has a mistake, as `weir check` ends; the others are taken up all the same.
int reload(const ControlFlags& flags) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const HttpFetch answer =
      daemon.ask("POST", std::string("/v1/reload") + (flags.dry_run ? "?dry_run=1" : ""));
  if (answer.status != 200) return daemon.say_failed(answer);
  const std::vector<ReloadStep> steps = steps_of(answer.body);
  print(flags.json ? answer.body : reload_text(steps));
  const bool kept = std::any_of(steps.begin(), steps.end(), [](const ReloadStep& step) {
    return step.kind == ReloadStep::Kind::kKeep;
  });
  return kept ? kExitConfig : kExitDone;
}

int logs(const ControlFlags& flags) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  return print_logs(daemon.directories().logs + "/" + flags.job + ".log", flags.job,
                    {.lines = flags.lines, .follow = flags.follow, .json = flags.json});
}

// The options that every one of these commands has.
CLI::App* add(CLI::App& app, const char* name, const char* text, ControlFlags& flags) {
  CLI::App* const command = app.add_subcommand(name, text);
  command
      ->add_option("--config", flags.config,
                   "weir.yaml (default: $WEIR_CONFIG, else /etc/weir/weir.yaml when it is there)")
      ->type_name("FILE");
  return command;
}

// What is wrong with the name of a job; empty when nothing is.
std::string is_job_name(const std::string& text) {
  if (text.find('/') == std::string::npos && !text.ends_with(".yaml")) return {};
  return text + " is a file; the job's name stands in it, and in weir ps";
}

}  // namespace

int show_reload(const JobFlags& flags) {
  ControlFlags asked;
  static_cast<JobFlags&>(asked) = flags;
  asked.dry_run = true;
  return reload(asked);
}

void add_control_commands(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<ControlFlags>();
  const auto job = [flags](CLI::App* command) {
    command->add_option("JOB", flags->job, "the job's name")->required()->check(is_job_name);
  };
  const auto json = [flags](CLI::App* command) {
    command->add_flag("--json", flags->json, "as the API answers it");
  };
  const auto wait = [flags](CLI::App* command) {
    command->add_flag("--no-wait", flags->no_wait, "do not wait until it is done");
  };
  const auto takeover = [flags](CLI::App* command) {
    command->add_flag("--takeover", flags->takeover,
                      "take the job over from the machine that ran it last; for this start");
  };

  CLI::App* const ps = add(app, "ps", "the daemon's jobs, and what is wrong with them", *flags);
  json(ps);
  ps->callback([flags, &exit_code] { exit_code = show(*flags, "/v1/jobs"); });

  CLI::App* const top = add(app, "top", "the daemon's jobs as they run, each second", *flags);
  top->add_flag("--once", flags->once, "one table, of one second, and no more");
  json(top);
  top->callback([flags, &exit_code] {
    const DaemonClient daemon(*flags);
    exit_code =
        daemon.known() ? show_top(daemon, {.once = flags->once, .json = flags->json}) : kExitConfig;
  });

  CLI::App* const start = add(app, "start", "start a job, whatever it rests in", *flags);
  job(start), wait(start), takeover(start), json(start);
  start->callback([flags, &exit_code] {
    exit_code = change(*flags, "start", {"running", "finished"});
  });

  CLI::App* const stop = add(app, "stop", "have a job drain and stay stopped", *flags);
  job(stop), wait(stop), json(stop);
  stop->callback([flags, &exit_code] {
    exit_code = change(*flags, "stop", {"stopped", "finished", "halted", "failed"});
  });

  CLI::App* const again = add(app, "restart", "have a job drain and start it again", *flags);
  again->add_option("JOB", flags->job, "the job's name")->check(is_job_name);
  again->add_flag("--all", flags->all, "every job that runs");
  again->add_option("--parallel", flags->parallel, "with --all: so many at a time")
      ->check(CLI::Range(1U, 1000U));
  wait(again), takeover(again), json(again);
  again->callback([flags, &exit_code] { exit_code = restart(*flags); });

  CLI::App* const anew = add(app, "reload", "read weir.yaml and the job files anew", *flags);
  anew->add_flag("--dry-run", flags->dry_run, "only show what would change");
  json(anew);
  anew->callback([flags, &exit_code] { exit_code = reload(*flags); });

  CLI::App* const lag = add(app, "lag", "how far a running job has read", *flags);
  job(lag), json(lag);
  lag->callback([flags, &exit_code] { exit_code = show(*flags, job_target(*flags) + "/offsets"); });

  CLI::App* const log = add(app, "logs", "a job's log", *flags);
  job(log);
  log->add_flag("--json", flags->json, "each line as a JSON object");
  log->add_flag("-f,--follow", flags->follow, "go on with what comes, until Ctrl-C");
  log->add_option("-n,--lines", flags->lines, "so many of its last lines (default: 100)");
  log->callback([flags, &exit_code] { exit_code = logs(*flags); });
}

}  // namespace weir
