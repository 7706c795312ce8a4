#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "supervisor/descriptor.h"
#include "supervisor/job_machine.h"
#include "supervisor/report.h"

namespace weir {

/// What a job's process is started with.
struct ChildCommand {
  std::string program;  ///< weir's own
  std::string job_file;
  std::string job_text;     ///< that it runs, whatever stands in the file by now
  std::string config_file;  ///< empty: none
  std::string config_text;
  std::string state_dir;
  bool takeover = false;
  bool makes_marker = false;
};

/// A job's process, started by this daemon or by the one that it replaced.
///
/// Four things tie the two together: `life`, a pipe that the process reads, and whose end tells it
/// that its daemon is gone (not PR_SET_PDEATHSIG, which follows the thread that forked);
/// `report`, a pipe of report.h's lines; its standard error; and a pidfd, by which a signal reaches
/// this process and no later one of the same number. The process is a session of its own, so that
/// a terminal's Ctrl-C is the daemon's alone; its standard output goes where its log goes.
///
/// Owned by the daemon's table. Thread: the daemon's loop. Destroying it lets the process go: its
/// `life` ends, and it drains.
class Child {
 public:
  /// Errors: kRetry when the machine lacks what it takes; kStopJob when the program is not there.
  static Result<std::unique_ptr<Child>> spawn(const ChildCommand& command);
  /// One that save() wrote before the daemon replaced itself. Errors: kRetry.
  static Result<std::unique_ptr<Child>> adopt(std::string_view saved);

  std::int32_t pid() const { return pid_; }
  /// Can be read when the process has ended.
  int process_fd() const { return process_.get(); }
  int report_fd() const { return report_.get(); }
  /// Of its standard error, once; the caller's from now on.
  Descriptor take_stderr() { return std::move(stderr_); }

  void signal(int number) const;
  /// Ends it at once, and waits for that: for one that cannot be watched.
  void put_down();
  /// Everything that has come; never blocks.
  std::vector<ChildReport> read_reports();
  /// Nothing more will come.
  bool report_ended() const { return report_ended_; }
  /// Once, when it has ended; never blocks.
  std::optional<ProcessExit> take_exit();

  /// Has its descriptors, and `stderr_fd`, which take_stderr() gave, outlive an execve(2); says
  /// which they are.
  std::string save(int stderr_fd) const;
  /// After save(), when the daemon was not replaced.
  void take_back() const;

 private:
  Child() = default;
  std::int32_t pid_ = 0;
  Descriptor process_;  // a pidfd
  Descriptor life_;     // what we write to never, and the process reads
  Descriptor report_;
  Descriptor stderr_;
  bool report_ended_ = false;
  ReportReader reader_;
};

/// The environment variable by which a process knows that it has a daemon, and its descriptors:
/// "life=3 report=4 job=5 config=6". `job` and `config` are the texts; -1: none.
constexpr const char* kSupervisorVariable = "WEIR_SUPERVISOR";

/// The path that this process's program can be started by again, also when a newer one has taken
/// its place there meanwhile.
std::string own_program();

}  // namespace weir
