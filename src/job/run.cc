#include "job/run.h"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "base/log.h"
#include "connectors/kafka/sasl_plugins.h"
#include "engine/decisions.h"
#include "engine/recovery.h"
#include "job/build.h"
#include "job/clusters.h"
#include "job/marker.h"
#include "job/status_display.h"
#include "job/status_line.h"
#include "job/stops.h"
#include "plan/memory.h"
#include "state/job_directory.h"
#include "state/rocksdb_store.h"

namespace weir {
namespace {

// Why a job ended, for its log and for its watchers.
std::string words_of(const Error& error, bool halted, const std::string& job) {
  if (halted) {
    return "HALT " + std::string(code_name(error.code())) + " (" + to_string(error.code()) +
           "): " + error.message() +
           (error.code() == Code::kCorruptStore ? corrupt_store_ways_out(job) : "");
  }
  if (error.code() == Code::kNone) return error.message();
  return to_string(error.code()) + ": " + error.message() + "; weir explain " +
         to_string(error.code()) + " says more";
}

// One job's process: its directory and stores, its marker, its lane.
class JobRun {
 public:
  JobRun(const JobSpec& job, const Plan& plan, const RunOptions& options)
      : job_(job),
        plan_(plan),
        options_(options),
        context_{.job = job.identity(), .lane = "0", .epoch = {}} {}

  int run() {
    set_log_context(context_);
    if (Result<> opened = open(); !opened) {
      const bool no_longer_waits = opened.error().code() == Code::kStateInUse && stop_was_asked();
      if (no_longer_waits) return leave(RunEnd::kStopped, kExitDone);
      return fail_to_start(std::move(opened.error()));
    }
    if (Result<bool> starts = wait_for_marker(); !starts) {
      const int code = exit_code_of(starts.error());
      return fail(std::move(starts.error()), code);
    } else if (!*starts) {
      return leave(marker_->word() == MarkerWord::kStop ? RunEnd::kMarker : RunEnd::kStopped,
                   kExitDone);
    }
    if (!uses_kerberos(job_)) kafka::skip_sasl_plugins();
    auto parts =
        build_lane(job_, plan_, options_.instance, std::move(stores_.lane),
                   {.clock = clock_, .job_file = options_.job_file, .takeover = options_.takeover});
    if (!parts) return fail_to_start(std::move(parts.error()));
    parts->options.log_progress = !log_shows_status();
    auto lane = Lane::open(std::move(*parts), clock_, random_);
    if (!lane) return fail_to_start(std::move(lane.error()));
    return run(**lane);
  }

 private:
  Result<> open() {
    WEIR_ASSIGN(
        directory_,
        JobDirectory::open(options_.state_dir + "/" + options_.instance + "/" + job_.identity(),
                           options_.lock_wait, [](std::chrono::milliseconds pause) {
                             wait_for_stop_or_wake(pause);
                             return !stop_was_asked();
                           }));
    for (RunWatcher* watcher : options_.watchers) WEIR_TRY(watcher->on_open());
    WEIR_ASSIGN(stores_, open_job_stores(directory_->store_path(),
                                         share_memory(job_.limits.memory_bytes).store_bytes));
    if (options_.makes_marker) WEIR_TRY(stores_.marker->clear());
    WEIR_ASSIGN(marker_, watch_marker(job_.marker, stores_.marker, clock_, [](MarkerWord word) {
                  word == MarkerWord::kRun ? wake_starter() : ask_for_stop();
                }));
    if (!marker_) return {};
    for (RunWatcher* watcher : options_.watchers) watcher->on_marker(*marker_);
    return {};
  }

  // True when the job may start; false when it was stopped before.
  Result<bool> wait_for_marker() {
    if (!marker_) return true;
    while (marker_->word() == MarkerWord::kHold && !stop_was_asked()) wait_for_stop_or_wake();
    switch (marker_->word()) {
      case MarkerWord::kHold:
        log(LogLevel::kInfo, context_, "stopped before the marker was seen");
        return false;
      case MarkerWord::kRun:
        return true;
      case MarkerWord::kStop:
        log(LogLevel::kInfo, context_,
            "not started: the marker " + job_.marker.name() +
                " was deleted while the job was down" +
                (job_.marker.required ? "" : "; the next start makes it again"));
        return false;
      case MarkerWord::kRefuse:
        break;
    }
    return marker_->error();
  }

  int run(Lane& lane) {
    attach_stops(lane);
    std::unique_ptr<StatusDisplay> display = StatusDisplay::start(job_.identity(), lane);
    for (RunWatcher* watcher : options_.watchers) watcher->on_lane(lane);
    LaneOutcome outcome = lane.run();
    for (RunWatcher* watcher : options_.watchers) watcher->on_lane_gone();
    detach_stops();
    display.reset();
    threads_left_ = outcome.threads_left;
    log(LogLevel::kInfo, context_,
        final_summary(*lane.status(), std::chrono::duration_cast<std::chrono::microseconds>(
                                          clock_.mono() - began_)));
    const MarkerWord word = marker_ ? marker_->word() : MarkerWord::kRun;
    if (!outcome.error && word == MarkerWord::kRefuse) outcome.error = marker_->error();
    if (outcome.error) {
      const int code =
          outcome.state == LaneState::kHalted ? kExitConfig : exit_code_of(*outcome.error);
      return fail(std::move(*outcome.error), code, outcome.state == LaneState::kHalted);
    }
    if (word == MarkerWord::kStop) {
      log(LogLevel::kInfo, context_, "stopped: the marker " + job_.marker.name() + " was deleted");
      return leave(RunEnd::kMarker, kExitDone);
    }
    return leave(outcome.state == LaneState::kFinished ? RunEnd::kFinished : RunEnd::kStopped,
                 kExitDone);
  }

  // Before the lane runs, what cannot be opened or built is configuration.
  int fail_to_start(Error error) {
    const bool halted = error.action() == Action::kHalt;
    const int code = error.action() == Action::kStopJob ? kExitConfig : exit_code_of(error);
    return fail(std::move(error), code, halted);
  }

  int fail(Error error, int code, bool halted = false) {
    const std::string why = words_of(error, halted, options_.job_file);
    log(LogLevel::kError, context_, why);
    return leave(code == kExitConfig ? RunEnd::kHalted : RunEnd::kFailed, code, why);
  }

  // A thread may never come back from where it is; then the process leaves without it.
  int leave(RunEnd end, int code, const std::string& why = {}) {
    if (marker_) {
      threads_left_ |= !marker_->close();
      // A start after a stop makes the marker; after anything else it obeys a deletion of
      // meanwhile.
      if (code == kExitDone) {
        if (const Result<> cleared = stores_.marker->clear(); !cleared) {
          log(LogLevel::kWarn, context_, cleared.error().message());
        }
      }
    }
    for (RunWatcher* watcher : options_.watchers) watcher->on_end(end, code, why);
    if (threads_left_) std::_Exit(code);
    return code;
  }

  const JobSpec& job_;
  const Plan& plan_;
  const RunOptions& options_;
  const LogContext context_;
  const SystemClock clock_;
  SystemRandom random_;
  const MonoTime began_ = clock_.mono();
  std::unique_ptr<JobDirectory> directory_;
  JobStores stores_;  // its lane's goes to the lane
  std::unique_ptr<MarkerWatch> marker_;
  bool threads_left_ = false;
};

}  // namespace

int exit_code_of(const Error& error) {
  // What a person can mend has a code to look up. Without one it is the machine's trouble of the
  // moment, such as a disk that is full; brokers that hang come back.
  const bool mendable =
      error.action() == Action::kStopJob && error.code() != Code::kNone && !is_outage(error.code());
  return error.action() == Action::kHalt || mendable ? kExitConfig : kExitFailed;
}

int run_job(const JobSpec& job, const Plan& plan, const RunOptions& options) {
  return JobRun(job, plan, options).run();
}

}  // namespace weir
