#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "spec/directories.h"
#include "spec/weir_config.h"
#include "supervisor/control.h"

namespace weir {

struct DaemonOptions {
  WeirConfig config;
  std::string config_file;  ///< that `config` was read from; empty: none
  Directories directories;
  std::string version;
  /// What it was started as, to replace itself by.
  std::vector<std::string> arguments;
};

/// The supervisor: runs the jobs of a directory, each in a process of its own, restarts them by
/// policy, and reads their files anew when it is told to. It never touches a record.
///
/// Its loop is one thread, and everything of a job is that thread's: processes, machines, store,
/// reload. Two more read the jobs' logs (log_pump.h) and look at the daemon's marker
/// (marker/watch.h). Whoever else asks, the API or a signal, sends the loop a command.
///
/// One per process. Thread: open(), run() and close() main; SupervisorControl any.
class Daemon : public SupervisorControl {
 public:
  /// Takes the lock of the daemon's directory, blocks the signals that it will wait for in this
  /// thread and those made later, reads the jobs' directory, and finds the processes of a daemon
  /// before it. Nothing is started yet. `clock` and `random` outlive it.
  ///
  /// Errors: kStopJob when a person must mend something; kRetry with kStateInUse when another
  /// daemon runs.
  static Result<std::unique_ptr<Daemon>> open(DaemonOptions options, const Clock& clock,
                                              Random& random);
  ~Daemon() override = default;

  /// Runs the jobs until the daemon is told to stop and the last of them has ended. Returns the
  /// exit code.
  virtual int run() = 0;
};

}  // namespace weir
