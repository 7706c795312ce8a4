#include "job/run.h"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "base/log.h"
#include "engine/decisions.h"
#include "engine/recovery.h"
#include "job/build.h"
#include "job/marker.h"
#include "job/status_display.h"
#include "job/status_line.h"
#include "job/stops.h"
#include "plan/memory.h"
#include "state/job_directory.h"
#include "state/rocksdb_store.h"

namespace weir {
namespace {

int report(const LogContext& context, const std::string& job, const LaneOutcome& outcome) {
  if (!outcome.error) return kExitDone;
  const Error& error = *outcome.error;
  if (outcome.state == LaneState::kHalted) {
    log(LogLevel::kError, context,
        "HALT " + std::string(code_name(error.code())) + " (" + to_string(error.code()) +
            "): " + error.message() +
            (error.code() == Code::kCorruptStore ? corrupt_store_ways_out(job) : ""));
    return kExitConfig;
  }
  log(LogLevel::kError, context,
      error.code() == Code::kNone ? error.message()
                                  : to_string(error.code()) + ": " + error.message() +
                                        "; weir explain " + to_string(error.code()) + " says more");
  return exit_code_of(error);
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
    if (Result<> opened = open(); !opened) return fail(std::move(opened.error()));
    if (Result<bool> starts = wait_for_marker(); !starts) {
      const int code = report(context_, options_.job_file,
                              {LaneState::kFailed, std::move(starts.error()), false});
      return leave(code, false);
    } else if (!*starts) {
      return leave(kExitDone, false);
    }
    auto parts =
        build_lane(job_, plan_, options_.instance, std::move(stores_.lane),
                   {.clock = clock_, .job_file = options_.job_file, .takeover = options_.takeover});
    if (!parts) return fail(std::move(parts.error()));
    parts->options.log_progress = !log_shows_status();
    auto lane = Lane::open(std::move(*parts), clock_, random_);
    if (!lane) return fail(std::move(lane.error()));
    return run(**lane);
  }

 private:
  Result<> open() {
    WEIR_TRY(catch_stops());
    WEIR_ASSIGN(directory_,
                JobDirectory::open(
                    options_.state_dir + "/" + options_.instance + "/" + job_.identity(),
                    std::chrono::seconds(10),
                    [](std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); }));
    WEIR_ASSIGN(stores_, open_job_stores(directory_->store_path(),
                                         share_memory(job_.limits.memory_bytes).store_bytes));
    WEIR_ASSIGN(marker_, watch_marker(job_.marker, stores_.marker, clock_, [](MarkerWord word) {
                  word == MarkerWord::kRun ? wake_starter() : ask_for_stop();
                }));
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
    LaneOutcome outcome = lane.run();
    detach_stops();
    display.reset();
    log(LogLevel::kInfo, context_,
        final_summary(*lane.status(), std::chrono::duration_cast<std::chrono::microseconds>(
                                          clock_.mono() - began_)));
    const MarkerWord word = marker_ ? marker_->word() : MarkerWord::kRun;
    if (!outcome.error && word == MarkerWord::kRefuse) outcome.error = marker_->error();
    const int code = report(context_, options_.job_file, outcome);
    if (code == kExitDone && word == MarkerWord::kStop) {
      log(LogLevel::kInfo, context_, "stopped: the marker " + job_.marker.name() + " was deleted");
    }
    return leave(code, outcome.threads_left);
  }

  // Nothing has run yet, so what cannot be opened or built is configuration.
  int fail(Error error) {
    const bool stops = error.action() == Action::kStopJob;
    const int code =
        report(context_, options_.job_file,
               {error.action() == Action::kHalt ? LaneState::kHalted : LaneState::kFailed,
                std::move(error), false});
    return leave(stops ? kExitConfig : code, false);
  }

  // A thread may never come back from where it is; then the process leaves without it.
  int leave(int code, bool threads_left) {
    if (marker_) {
      threads_left |= !marker_->close();
      // A start after a stop makes the marker; after anything else it obeys a deletion of
      // meanwhile.
      if (code == kExitDone) {
        if (const Result<> cleared = stores_.marker->clear(); !cleared) {
          log(LogLevel::kWarn, context_, cleared.error().message());
        }
      }
    }
    if (threads_left) std::_Exit(code);
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
};

}  // namespace

int exit_code_of(const Error& error) {
  // What a person can mend has a code to look up. Without one it is the machine's trouble of the
  // moment, such as a disk that is full; brokers that hang come back.
  const bool mendable = error.action() == Action::kStopJob && error.code() != Code::kNone &&
                        !is_outage(error.code());
  return error.action() == Action::kHalt || mendable ? kExitConfig : kExitFailed;
}

int run_job(const JobSpec& job, const Plan& plan, const RunOptions& options) {
  return JobRun(job, plan, options).run();
}

}  // namespace weir
