#include "job/run.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "base/log.h"
#include "engine/recovery.h"
#include "job/build.h"
#include "state/job_directory.h"
#include "state/rocksdb_store.h"

namespace weir {
namespace {

std::atomic<Lane*> running = nullptr;
std::atomic<int> signals = 0;

// Async-signal-safe: an atomic, an eventfd, _exit. Before the lane runs there is nothing to give
// up.
void on_signal(int /*number*/) {
  const int before = signals.fetch_add(1);
  if (Lane* const lane = running.load()) {
    lane->request_stop();
  } else if (before > 0) {
    _exit(kExitDone);
  }
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = &on_signal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

std::string seconds_text(std::chrono::microseconds time) {
  return std::to_string(time.count() / 1000) + " ms";
}

void log_summary(const LogContext& context, const LaneStatus& status) {
  std::string text = std::string(to_string(status.state)) + " at epoch " +
                     std::to_string(status.epoch.value()) + ": " + std::to_string(status.rows_in) +
                     " records in, " + std::to_string(status.rows_out) + " rows out, " +
                     std::to_string(status.rows_skipped) + " skipped, " +
                     std::to_string(status.epochs) + " epochs, " + std::to_string(status.recovers) +
                     " recoveries; start to claim " + seconds_text(status.start_to_claim);
  if (status.start_to_first_record)
    text += ", to first epoch sealed " + seconds_text(*status.start_to_first_record);
  log(LogLevel::kInfo, context, text);
}

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
      to_string(error.code()) + (error.code() == Code::kNone ? "" : ": ") + error.message());
  return exit_code_of(error);
}

}  // namespace

int exit_code_of(const Error& error) {
  const bool configuration =
      error.action() == Action::kHalt || error.code() == Code::kTopicMissing ||
      error.code() == Code::kAuthenticationFailed || error.code() == Code::kPermissionMissing ||
      error.code() == Code::kStateUnusable;
  return configuration ? kExitConfig : kExitFailed;
}

int run_job(const JobSpec& job, const Plan& plan, const RunOptions& options) {
  const LogContext context{.job = job.identity(), .lane = "0", .epoch = {}};
  const auto fail = [&](Error error) {
    return report(context, options.job_file,
                  {error.action() == Action::kHalt ? LaneState::kHalted : LaneState::kFailed,
                   std::move(error), false});
  };
  catch_signals();
  auto directory = JobDirectory::open(
      options.state_dir + "/" + options.instance + "/" + job.identity(), std::chrono::seconds(10),
      [](std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); });
  if (!directory) return fail(std::move(directory.error()));
  auto store = open_rocksdb_store((*directory)->store_path());
  if (!store) return fail(std::move(store.error()));
  auto parts = build_lane(job, plan, options.instance, std::move(*store),
                          {.job_file = options.job_file, .takeover = options.takeover});
  if (!parts) return fail(std::move(parts.error()));
  const SystemClock clock;
  SystemRandom random;
  auto lane = Lane::open(std::move(*parts), clock, random);
  if (!lane) return fail(std::move(lane.error()));
  running = lane->get();
  if (signals > 0) (*lane)->request_stop();
  const LaneOutcome outcome = (*lane)->run();
  running = nullptr;
  log_summary(context, *(*lane)->status());
  const int code = report(context, options.job_file, outcome);
  // A thread may never come back from where it is.
  if (outcome.threads_left) std::_Exit(code);
  return code;
}

}  // namespace weir
