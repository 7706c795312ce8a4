#include "cli/control.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/http_fetch.h"
#include "cli/load_job.h"
#include "job/run.h"
#include "spec/directories.h"

namespace weir {
namespace {

struct ControlFlags : JobFlags {
  bool json = false;
  bool all = false;
  bool takeover = false;
  bool dry_run = false;
  bool follow = false;
  bool no_wait = false;
  std::uint32_t parallel = 1;
  std::uint32_t lines = 100;
};

int fail(const std::string& text, int code) {
  std::fprintf(stderr, "weir: %s\n", text.c_str());
  return code;
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// The daemon of the weir.yaml that was named.
class DaemonClient {
 public:
  explicit DaemonClient(const ControlFlags& flags) : flags_(flags) {
    Diagnostics mistakes;
    const auto config = load_config(flags, mistakes);
    if (!config) {
      std::fputs(mistakes.render().c_str(), stderr);
      return;
    }
    at_ = directories_of(*config, flags.state_dir);
    known_ = true;
  }

  /// False after weir.yaml was found to have mistakes, which were printed.
  bool known() const { return known_; }
  const Directories& directories() const { return at_; }

  HttpFetch ask(const std::string& method, const std::string& target,
                std::chrono::milliseconds limit = std::chrono::seconds(30)) const {
    std::vector<HttpFetch> asked{{.socket = at_.socket, .method = method, .target = target}};
    fetch_all(asked, limit);
    return asked[0];
  }

  /// Prints why, and returns the exit code.
  int say_failed(const HttpFetch& answer) const {
    if (answer.status != 0) return fail(message_of(answer.body), kExitFailed);
    switch (answer.error_number) {
      case ENOENT:
      case ECONNREFUSED:
        return fail("no daemon answers at " + at_.socket +
                        "; `weir daemon` or `systemctl start weir` starts one, and --config names "
                        "the weir.yaml of another",
                    kExitFailed);
      case EACCES:
      case EPERM:
        return fail("the daemon at " + at_.socket + " is another user's; try sudo -u weir",
                    kExitFailed);
      default:
        return fail("the daemon at " + at_.socket + " does not answer: " + answer.error,
                    kExitFailed);
    }
  }

 private:
  // {"error":"..."}: the text, unescaped as far as ours are escaped.
  static std::string message_of(const std::string& body) {
    constexpr std::string_view kFront = "{\"error\":\"";
    if (!body.starts_with(kFront)) return body;
    std::string out;
    for (std::size_t i = kFront.size(); i < body.size() && body[i] != '"'; ++i) {
      if (body[i] == '\\' && i + 1 < body.size()) {
        ++i;
        out += body[i] == 'n' ? '\n' : body[i] == 't' ? '\t' : body[i];
      } else {
        out += body[i];
      }
    }
    return out;
  }

  const ControlFlags& flags_;
  Directories at_;
  bool known_ = false;
};

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

// "running\nwhy\n" -> its two parts.
std::pair<std::string, std::string> state_of(const std::string& body) {
  const std::size_t end = std::min(body.find('\n'), body.size());
  std::string why = end < body.size() ? body.substr(end + 1) : "";
  while (why.ends_with('\n')) why.pop_back();
  return {body.substr(0, end), why};
}

// Waits until the job is one of `goals`, or will not get there.
int wait_for(const DaemonClient& daemon, const ControlFlags& flags,
             const std::vector<std::string>& goals) {
  while (true) {
    const HttpFetch answer = daemon.ask("GET", job_target(flags) + "?format=text");
    if (answer.status != 200) return daemon.say_failed(answer);
    const auto [state, why] = state_of(answer.body);
    if (std::find(goals.begin(), goals.end(), state) != goals.end()) {
      print(flags.job + " is " + state + (why.empty() ? "" : ": " + why) + "\n");
      return kExitDone;
    }
    if (state == "failed" || state == "halted" || state == "stopped") {
      return fail("the job " + flags.job + " is " + state + ": " + why, kExitFailed);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

int change(const ControlFlags& flags, const std::string& deed,
           const std::vector<std::string>& goals) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const HttpFetch answer =
      daemon.ask("POST", job_target(flags) + "/" + deed + (flags.takeover ? "?takeover=1" : ""));
  if (answer.status != 202) return daemon.say_failed(answer);
  return flags.no_wait ? kExitDone : wait_for(daemon, flags, goals);
}

int restart(const ControlFlags& flags) {
  if (flags.all == !flags.job.empty()) {
    return fail("restart: name a job, or give --all", kExitUsage);
  }
  if (!flags.all) return change(flags, "restart", {"running", "finished"});
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const HttpFetch answer =
      daemon.ask("POST", "/v1/restart?parallel=" + std::to_string(flags.parallel));
  return answer.status == 202 ? kExitDone : daemon.say_failed(answer);
}

int reload(const ControlFlags& flags) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const HttpFetch answer =
      daemon.ask("POST", std::string("/v1/reload?") + (flags.dry_run ? "dry_run=1&" : "") +
                             (flags.json ? "" : "format=text"));
  if (answer.status != 200) return daemon.say_failed(answer);
  print(answer.body);
  return kExitDone;
}

// A job's log file: its last lines, and with --follow what comes.
class LogReader {
 public:
  explicit LogReader(std::string path) : path_(std::move(path)) {}
  ~LogReader() {
    if (fd_ >= 0) close(fd_);
  }
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  bool open() {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    return fd_ >= 0;
  }
  void show_last(std::size_t lines) {
    const std::string all = read_on();
    std::size_t begin = all.size();
    for (std::size_t left = lines + 1; begin > 0; --begin) {
      if (all[begin - 1] == '\n' && --left == 0) break;
    }
    print(all.substr(begin));
  }
  void follow() {
    while (std::fflush(stdout) == 0) {
      print(read_on());
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      reopen_when_rotated();
    }
  }

 private:
  std::string read_on() const {
    std::string text;
    std::array<char, 65536> room{};
    while (true) {
      const ssize_t got = read(fd_, room.data(), room.size());
      if (got <= 0) return text;
      text.append(room.data(), static_cast<std::size_t>(got));
    }
  }
  void reopen_when_rotated() {
    struct stat open_file {};
    struct stat named {};
    if (fstat(fd_, &open_file) != 0 || stat(path_.c_str(), &named) != 0 ||
        open_file.st_ino == named.st_ino) {
      return;
    }
    print(read_on());
    close(fd_);
    if (!open()) fd_ = -1;
  }

  const std::string path_;
  int fd_ = -1;
};

int logs(const ControlFlags& flags) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const std::string path = daemon.directories().logs + "/" + flags.job + ".log";
  LogReader reader(path);
  if (!reader.open()) {
    return fail(path + ": " + std::strerror(errno) + "; `weir ps` lists the jobs", kExitFailed);
  }
  reader.show_last(flags.lines);
  if (flags.follow) reader.follow();
  return kExitDone;
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
    command->add_option("JOB", flags->job, "the job's name")->required();
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

  CLI::App* const start = add(app, "start", "start a job, whatever it rests in", *flags);
  job(start), wait(start), takeover(start);
  start->callback([flags, &exit_code] {
    exit_code = change(*flags, "start", {"running", "finished"});
  });

  CLI::App* const stop = add(app, "stop", "have a job drain and stay stopped", *flags);
  job(stop), wait(stop);
  stop->callback([flags, &exit_code] {
    exit_code = change(*flags, "stop", {"stopped", "finished", "halted", "failed"});
  });

  CLI::App* const again = add(app, "restart", "have a job drain and start it again", *flags);
  again->add_option("JOB", flags->job, "the job's name");
  again->add_flag("--all", flags->all, "every job that runs");
  again->add_option("--parallel", flags->parallel, "with --all: so many at a time")
      ->check(CLI::Range(1U, 1000U));
  wait(again), takeover(again);
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
  log->add_flag("-f,--follow", flags->follow, "go on with what comes, until Ctrl-C");
  log->add_option("-n,--lines", flags->lines, "so many of its last lines (default: 100)");
  log->callback([flags, &exit_code] { exit_code = logs(*flags); });
}

}  // namespace weir
