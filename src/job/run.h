#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/lane.h"
#include "marker/watch.h"
#include "plan/plan.h"
#include "spec/job_spec.h"

namespace weir {

/// How a job's process ended.
enum class RunEnd : unsigned char {
  kStopped,   ///< as it was asked to
  kMarker,    ///< the marker was deleted, now or while the job was down
  kFinished,  ///< by itself: everything that there was to read is read
  kHalted,    ///< exit 78
  kFailed,    ///< exit 1
};

/// Sits in a job's process and tells others of it: its API, and the pipes to its daemon.
///
/// Owned by run_job's caller, outlives it. Thread: main, all of it; what it starts of its own ends
/// before on_lane_gone() or on_end() returns.
class RunWatcher {
 public:
  virtual ~RunWatcher() = default;
  /// The job's directory is its own from now on. Errors: the job does not start.
  virtual Result<> on_open() { return {}; }
  /// The job's marker is watched until on_end(); it may be asked meanwhile, by any thread. Not
  /// called for a job without one.
  virtual void on_marker(MarkerWatch& /*marker*/) {}
  /// The lane runs until on_lane_gone(); it may be asked meanwhile, by any thread.
  virtual void on_lane(Lane& /*lane*/) {}
  virtual void on_lane_gone() {}
  /// The last call. `why` is one or more lines for a person; empty when all is well.
  virtual void on_end(RunEnd /*end*/, int /*exit_code*/, const std::string& /*why*/) {}
};

struct RunOptions {
  std::string job_file;
  std::string state_dir;  ///< holds <instance>/<job>/
  std::string instance;
  bool takeover = false;
  /// A person said start: the marker is made though it was deleted while the job was down.
  bool makes_marker = false;
  /// For the process before it to end.
  std::chrono::milliseconds lock_wait = std::chrono::seconds(10);
  std::vector<RunWatcher*> watchers = {};
};

/// Exit codes of `weir run` (job-file.md): 0 done or stopped as asked, 1 failed and worth
/// restarting, 78 configuration or a HALT that needs a person.
constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;
constexpr int kExitConfig = 78;

/// The exit code of a process that ends for `error`: 78 for a HALT and what a person must change
/// first (those have codes), 1 for what may be over by the next try.
int exit_code_of(const Error& error);

/// Runs a job in the foreground until it ends, is stopped by a signal or its marker, or fails; logs
/// what happened, and returns the exit code. A second signal gives the open epoch up, a third
/// leaves at once: nothing is lost either way. catch_stops() was called before. Thread: main, once
/// per process.
int run_job(const JobSpec& job, const Plan& plan, const RunOptions& options);

}  // namespace weir
