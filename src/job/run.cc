#include "job/run.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "base/log.h"
#include "engine/recovery.h"
#include "job/build.h"
#include "job/status_display.h"
#include "job/status_line.h"
#include "plan/memory.h"
#include "state/job_directory.h"
#include "state/rocksdb_store.h"

namespace weir {
namespace {

std::atomic<Lane*> running = nullptr;
std::atomic<int> signals = 0;

// Async-signal-safe: an atomic, an eventfd, _exit. Before the lane runs there is nothing to give
// up.
void on_signal(int /*number*/) {
  const int interrupted = errno;  // whoever was interrupted may be about to read it
  const int before = signals.fetch_add(1);
  if (Lane* const lane = running.load()) {
    lane->request_stop();
  } else if (before > 0) {
    _exit(kExitDone);
  }
  errno = interrupted;
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = &on_signal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
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
      error.code() == Code::kNone ? error.message()
                                  : to_string(error.code()) + ": " + error.message() +
                                        "; weir explain " + to_string(error.code()) + " says more");
  return exit_code_of(error);
}

}  // namespace

int exit_code_of(const Error& error) {
  // What a person can mend has a code to look up. Without one it is the machine's trouble of the
  // moment, such as a disk that is full; brokers that hang come back.
  const bool mendable = error.action() == Action::kStopJob && error.code() != Code::kNone &&
                        error.code() != Code::kBrokersUnreachable;
  return error.action() == Action::kHalt || mendable ? kExitConfig : kExitFailed;
}

int run_job(const JobSpec& job, const Plan& plan, const RunOptions& options) {
  const LogContext context{.job = job.identity(), .lane = "0", .epoch = {}};
  // Nothing has run yet, so what cannot be opened or built is configuration.
  const auto fail = [&](Error error) {
    const bool stops = error.action() == Action::kStopJob;
    const int code =
        report(context, options.job_file,
               {error.action() == Action::kHalt ? LaneState::kHalted : LaneState::kFailed,
                std::move(error), false});
    return stops ? kExitConfig : code;
  };
  set_log_context(context);
  const SystemClock clock;
  const MonoTime began = clock.mono();
  catch_signals();
  auto directory = JobDirectory::open(
      options.state_dir + "/" + options.instance + "/" + job.identity(), std::chrono::seconds(10),
      [](std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); });
  if (!directory) return fail(std::move(directory.error()));
  auto store = open_rocksdb_store((*directory)->store_path(),
                                  share_memory(job.limits.memory_bytes).store_bytes);
  if (!store) return fail(std::move(store.error()));
  auto parts =
      build_lane(job, plan, options.instance, std::move(*store),
                 {.clock = clock, .job_file = options.job_file, .takeover = options.takeover});
  if (!parts) return fail(std::move(parts.error()));
  parts->options.log_progress = !log_shows_status();
  SystemRandom random;
  auto lane = Lane::open(std::move(*parts), clock, random);
  if (!lane) return fail(std::move(lane.error()));
  running = lane->get();
  if (signals > 0) (*lane)->request_stop();
  std::unique_ptr<StatusDisplay> display = StatusDisplay::start(job.identity(), **lane);
  const LaneOutcome outcome = (*lane)->run();
  running = nullptr;
  display.reset();
  log(LogLevel::kInfo, context,
      final_summary(*(*lane)->status(),
                    std::chrono::duration_cast<std::chrono::microseconds>(clock.mono() - began)));
  const int code = report(context, options.job_file, outcome);
  // A thread may never come back from where it is.
  if (outcome.threads_left) std::_Exit(code);
  return code;
}

}  // namespace weir
