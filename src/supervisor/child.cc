#include "supervisor/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "base/log.h"

extern char** environ;

namespace weir {
namespace {

// Where the process finds them.
constexpr int kLife = 3;
constexpr int kReport = 4;
constexpr int kJobText = 5;
constexpr int kConfigText = 6;
// What is moved there comes from above, or one move would close what the next one needs.
constexpr int kAbove = 16;

Error lack(const std::string& what, int error) {
  return {Action::kRetry, what + ": " + std::strerror(error)};
}

struct Pipe {
  Descriptor read_end, write_end;
};

Result<Pipe> open_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return lack("pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// A file without a name that holds `text`.
Result<Descriptor> open_text(const char* name, std::string_view text) {
  Descriptor file(memfd_create(name, MFD_CLOEXEC));
  if (!file) return lack("memfd_create", errno);
  while (!text.empty()) {
    const ssize_t wrote = write(file.get(), text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return lack("writing a memfd", errno);
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return file;
}

Result<Descriptor> above(const Descriptor& given) {
  Descriptor moved(fcntl(given.get(), F_DUPFD_CLOEXEC, kAbove));
  if (!moved) return lack("dup", errno);
  return moved;
}

// Ours but for what is between systemd and the daemon alone.
std::vector<std::string> environment_for_child() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with("NOTIFY_SOCKET=") || text.starts_with("WATCHDOG_") ||
        text.starts_with("WEIR_SUPERVISOR=") || text.starts_with("LISTEN_")) {
      continue;
    }
    all.emplace_back(text);
  }
  return all;
}

std::vector<std::string> arguments_of(const ChildCommand& command) {
  std::vector<std::string> words{command.program, "run", command.job_file, "--state-dir",
                                 command.state_dir};
  if (!command.config_file.empty()) {
    words.emplace_back("--config");
    words.push_back(command.config_file);
  }
  if (command.takeover) words.emplace_back("--takeover");
  if (command.makes_marker) words.emplace_back("--make-marker");
  return words;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

// posix_spawn(3)'s two halves, and their end.
class Spawn {
 public:
  Spawn() {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&files_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  ~Spawn() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&files_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  void move(const Descriptor& from, int to) {
    posix_spawn_file_actions_adddup2(&files_, from.get(), to);
    first_unused_ = std::max(first_unused_, to + 1);
  }
  // The process's number. What fails in it before the program runs comes back as an errno.
  Result<std::int32_t> run(const std::string& program, std::vector<std::string> arguments,
                           std::vector<std::string> environment) {
    posix_spawn_file_actions_addclosefrom_np(&files_, first_unused_);
    pid_t pid = 0;
    const int error = posix_spawn(&pid, program.c_str(), &files_, &attributes_,
                                  pointers(arguments).data(), pointers(environment).data());
    if (error == 0) return static_cast<std::int32_t>(pid);
    const bool missing = error == ENOENT || error == EACCES || error == ENOEXEC;
    return Error{missing ? Action::kStopJob : Action::kRetry,
                 "starting " + program + ": " + std::strerror(error)};
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t files_{};
  int first_unused_ = STDERR_FILENO + 1;
};

}  // namespace

Result<std::unique_ptr<Child>> Child::spawn(const ChildCommand& command) {
  WEIR_ASSIGN(Pipe life, open_pipe());
  WEIR_ASSIGN(Pipe report, open_pipe());
  WEIR_ASSIGN(Pipe errors, open_pipe());
  WEIR_ASSIGN(const Descriptor job, open_text("job", command.job_text));
  WEIR_ASSIGN(const Descriptor config, open_text("config", command.config_text));
  WEIR_ASSIGN(const Descriptor life_above, above(life.read_end));
  WEIR_ASSIGN(const Descriptor report_above, above(report.write_end));
  WEIR_ASSIGN(const Descriptor errors_above, above(errors.write_end));
  WEIR_ASSIGN(const Descriptor job_above, above(job));
  WEIR_ASSIGN(const Descriptor config_above, above(config));

  Spawn spawn;
  spawn.move(errors_above, STDOUT_FILENO);
  spawn.move(errors_above, STDERR_FILENO);
  spawn.move(life_above, kLife);
  spawn.move(report_above, kReport);
  spawn.move(job_above, kJobText);
  if (!command.config_file.empty()) spawn.move(config_above, kConfigText);
  std::vector<std::string> environment = environment_for_child();
  environment.push_back(std::string(kSupervisorVariable) + "=life=3 report=4 job=5" +
                        (command.config_file.empty() ? "" : " config=6"));

  auto child = std::unique_ptr<Child>(new Child());
  WEIR_ASSIGN(child->pid_,
              spawn.run(command.program, arguments_of(command), std::move(environment)));
  child->process_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, child->pid_, 0)));
  if (!child->process_) {
    // Without it nobody would see it end.
    const int failed = errno;
    kill(child->pid_, SIGKILL);
    waitpid(child->pid_, nullptr, 0);
    return lack("pidfd_open", failed);
  }
  child->life_ = std::move(life.write_end);
  child->report_ = std::move(report.read_end);
  fcntl(child->report_.get(), F_SETFL, O_NONBLOCK);
  child->stderr_ = std::move(errors.read_end);
  return child;
}

Result<std::unique_ptr<Child>> Child::adopt(std::string_view saved) {
  std::istringstream in{std::string(saved)};
  auto child = std::unique_ptr<Child>(new Child());
  int process = -1;
  int life = -1;
  int report = -1;
  int errors = -1;
  if (!(in >> child->pid_ >> process >> life >> report >> errors)) {
    return Error{Action::kRetry, "what the daemon before left of a process cannot be read"};
  }
  child->process_ = Descriptor(process);
  child->life_ = Descriptor(life);
  child->report_ = Descriptor(report);
  child->stderr_ = Descriptor(errors);
  for (const Descriptor* each :
       {&child->process_, &child->life_, &child->report_, &child->stderr_}) {
    if (each == &child->stderr_ && !*each) continue;
    if (fcntl(each->get(), F_GETFD) < 0) return lack("a descriptor of the daemon before", errno);
    each->keep_over_exec(false);
  }
  return child;
}

std::string Child::save(int stderr_fd) const {
  std::ostringstream out;
  out << pid_;
  for (const int fd : {process_.get(), life_.get(), report_.get(), stderr_fd}) {
    if (fd >= 0) fcntl(fd, F_SETFD, 0);
    out << ' ' << fd;
  }
  return out.str();
}

void Child::signal(int number) const {
  syscall(SYS_pidfd_send_signal, process_.get(), number, nullptr, 0);
}

void Child::take_back() const {
  for (const Descriptor* each : {&process_, &life_, &report_}) each->keep_over_exec(false);
}

void Child::put_down() {
  signal(SIGKILL);
  siginfo_t info{};
  while (waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED) != 0 && errno == EINTR)
    continue;
}

std::vector<ChildReport> Child::read_reports() {
  std::vector<ChildReport> reports;
  std::array<char, 4096> room{};
  while (!report_ended_) {
    const ssize_t got = read(report_.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      report_ended_ = true;
      break;
    }
    for (ChildReport& report : reader_.read({room.data(), static_cast<std::size_t>(got)})) {
      reports.push_back(std::move(report));
    }
  }
  return reports;
}

std::optional<ProcessExit> Child::take_exit() {
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED | WNOHANG) != 0 ||
      info.si_pid == 0) {
    return std::nullopt;
  }
  if (info.si_code == CLD_EXITED) return ProcessExit{.code = info.si_status, .signal = 0};
  return ProcessExit{.code = 0, .signal = info.si_status};
}

std::string own_program() {
  std::array<char, 4096> room{};
  const ssize_t size = readlink("/proc/self/exe", room.data(), room.size());
  std::string path(room.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  // The kernel says so of a file that was replaced; what replaced it stands at the path.
  constexpr std::string_view kReplaced = " (deleted)";
  if (path.ends_with(kReplaced)) path.resize(path.size() - kReplaced.size());
  return path;
}

}  // namespace weir
