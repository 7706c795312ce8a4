#include "supervisor/job_machine.h"

#include <utility>

#include "supervisor/report.h"

namespace weir {
namespace {

std::string words_of(ProcessExit exit) {
  return exit.signal != 0 ? "signal " + std::to_string(exit.signal)
                          : "exit " + std::to_string(exit.code);
}

std::string or_else(std::string text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : std::move(text);
}

// How far the wall clock was set meanwhile, forward or back.
std::chrono::microseconds set_between(Moment from, Moment to) {
  return (to.wall - from.wall) -
         std::chrono::duration_cast<std::chrono::microseconds>(to.mono - from.mono);
}

// What the clock of `now` says of `then`. Moved by whole seconds: the two are not read at once.
WallTime wall_of(Moment then, Moment now) {
  return then.wall + std::chrono::duration_cast<std::chrono::seconds>(set_between(then, now));
}

}  // namespace

JobMachine::JobMachine(JobRecord record, JobTerms terms, Moment now, Random& random)
    : record_(std::move(record)), terms_(terms), random_(random), told_at_(now) {
  // Failures that seem to lie ahead are ones of now, and from now on they age.
  failures_in_window(record_.history, terms_.restart, now.wall);
  // The one that is named may be an orphan: then on_orphan() says so.
  record_.process.reset();
  if (record_.desired_running && record_.rest == JobRest::kNone) pend(now, {});
}

void JobMachine::pend(Moment now, std::chrono::microseconds pause) {
  phase_ = Phase::kPending;
  start_at_ = {now.mono + pause, now.wall + pause};
}

void JobMachine::forget_failures() {
  record_.desired_running = true;
  record_.rest = JobRest::kNone;
  record_.why.clear();
  record_.history = {};
}

RestartHistory JobMachine::history(Moment now) const {
  RestartHistory history = record_.history;
  move_failures(history, set_between(told_at_, now));
  return history;
}

void JobMachine::start(StartOptions options, Moment now) {
  forget_failures();
  if (phase_ == Phase::kUp) return;
  options_ = options;
  makes_marker_ = true;
  if (has_process()) {
    again_ = true;
  } else {
    pend(now, {});
  }
}

void JobMachine::stop(Moment now) {
  record_.desired_running = false;
  options_ = {};
  makes_marker_ = false;
  if (phase_ == Phase::kUp) return begin_end(false, now);
  again_ = false;
  if (phase_ == Phase::kPending) phase_ = Phase::kIdle;
}

void JobMachine::restart(StartOptions options, Moment now) {
  if (phase_ != Phase::kUp) return start(options, now);
  forget_failures();
  options_ = options;
  begin_end(true, now);
}

void JobMachine::leave(Moment now) {
  leaving_ = true;
  again_ = false;
  if (phase_ == Phase::kPending) phase_ = Phase::kIdle;
  if (phase_ == Phase::kUp) begin_end(false, now);
}

void JobMachine::hurry() {
  if (phase_ == Phase::kEnding) term_due_ = true;
}

void JobMachine::set_text(std::string file, std::string text, JobTerms terms) {
  record_.file = std::move(file);
  record_.text = std::move(text);
  terms_ = terms;
}

void JobMachine::renew(Moment now) {
  if (!record_.desired_running) return;
  forget_failures();
  if (phase_ == Phase::kUp) {
    begin_end(true, now);
  } else if (phase_ == Phase::kIdle) {
    pend(now, {});
  }
}

void JobMachine::begin_end(bool again, Moment now) {
  phase_ = Phase::kEnding;
  again_ = again;
  term_due_ = true;
  kill_at_ = now.mono + terms_.drain_timeout + kGrace;
}

void JobMachine::on_orphan(Moment now) {
  again_ = phase_ == Phase::kPending;
  phase_ = Phase::kOrphan;
  kill_at_ = now.mono + terms_.drain_timeout + kGrace;
}

void JobMachine::on_spawned(ProcessId process, Moment now) {
  on_adopted(std::move(process), now.wall, now);
  arrived_ = false;
  options_ = {};
  makes_marker_ = false;
}

void JobMachine::on_adopted(ProcessId process, WallTime started_at, Moment now) {
  phase_ = Phase::kUp;
  record_.process = std::move(process);
  spawned_at_ = now.mono - std::chrono::duration_cast<std::chrono::microseconds>(
                               std::max(now.wall - started_at, {}));
  beat_at_ = now.mono;
  started_ = {spawned_at_, started_at};
  silent_ = again_ = false;
  arrived_ = true;
  kill_at_.reset();
  end_.reset();
  beat_state_.clear();
  version_.clear();
}

void JobMachine::on_spawn_failed(const std::string& why, Moment now) {
  record_.last_exit = "not started";
  spawned_at_ = now.mono;
  fail(now, why);
}

void JobMachine::on_hello(std::string version) { version_ = std::move(version); }

bool JobMachine::on_beat(const std::string& state, Moment now) {
  beat_at_ = now.mono;
  if (beat_state_ == state) return false;
  beat_state_ = state;
  if (beat_state_ != to_string(LaneState::kStarting)) arrived_ = true;
  return true;
}

void JobMachine::on_end(RunEnd end, std::string why) { end_ = End{end, std::move(why)}; }

void JobMachine::on_exit(ProcessExit exit, const std::string& tail, Moment now) {
  const Phase before = std::exchange(phase_, Phase::kIdle);
  record_.process.reset();
  kill_at_.reset();
  // Of an orphan nobody knows how it ended.
  if (before == Phase::kOrphan) {
    if (again_ && !leaving_) pend(now, {});
    again_ = false;
    return;
  }
  record_.last_exit = silent_ ? "killed: no sign of life for 60s" : words_of(exit);
  const bool well = exit.signal == 0 && exit.code == kExitDone;
  std::string why = end_ ? end_->why : well || silent_ ? "" : tail;
  if (before == Phase::kEnding) {
    if (std::exchange(again_, false) && !leaving_) return pend(now, {});
    // However it died, it was asked to stop and has. But it may have come to another end meanwhile.
    const bool stopped =
        !end_ || exit.signal != 0 || end_->end == RunEnd::kStopped || end_->end == RunEnd::kFailed;
    if (stopped) {
      record_.why = well ? "" : or_else(std::move(why), record_.last_exit);
      return;
    }
  }
  end_by_itself(exit, std::move(why), now);
}

void JobMachine::end_by_itself(ProcessExit exit, std::string why, Moment now) {
  if (exit.signal != 0 ||
      (exit.code != kExitDone && exit.code != kExitUsage && exit.code != kExitConfig)) {
    return fail(now, or_else(std::move(why), record_.last_exit));
  }
  if (exit.code != kExitDone) {
    record_.rest = JobRest::kHalted;
    record_.why = or_else(std::move(why), record_.last_exit);
    return;
  }
  record_.history = {};
  switch (end_ ? end_->end : RunEnd::kStopped) {
    case RunEnd::kFinished:
      record_.rest = JobRest::kFinished;
      record_.why.clear();
      return;
    case RunEnd::kMarker:
      record_.desired_running = false;
      record_.why = "its marker was deleted";
      return;
    case RunEnd::kStopped:
    case RunEnd::kHalted:
    case RunEnd::kFailed:
      record_.desired_running = false;
      record_.why = "stopped by a signal to its process";
  }
}

void JobMachine::fail(Moment now, std::string why) {
  record_.why = std::move(why);
  const double jitter = static_cast<double>(random_.next() >> 11U) * 0x1.0p-53;
  const auto ran = std::chrono::duration_cast<std::chrono::microseconds>(now.mono - spawned_at_);
  record_.history = history(now);
  told_at_ = now;
  const auto pause = on_failure(record_.history, terms_.restart, now.wall, ran, jitter);
  phase_ = Phase::kIdle;
  if (!pause) {
    record_.rest = JobRest::kFailed;
  } else if (record_.desired_running && !leaving_) {
    ++restarts_;
    pend(now, *pause);
  }
}

JobDeed JobMachine::next(Moment now) {
  switch (phase_) {
    case Phase::kIdle:
      return JobDeed::kNone;
    case Phase::kPending:
      return start_at_.mono <= now.mono ? JobDeed::kSpawn : JobDeed::kNone;
    case Phase::kEnding:
      if (std::exchange(term_due_, false)) return JobDeed::kTerm;
      [[fallthrough]];
    case Phase::kUp:
      if (now.mono - beat_at_ >= kSilenceMax) {
        silent_ = true;
        beat_at_ = now.mono;
        return JobDeed::kKill;
      }
      [[fallthrough]];
    case Phase::kOrphan:
      if (kill_at_ && *kill_at_ <= now.mono) {
        kill_at_.reset();
        return JobDeed::kKill;
      }
  }
  return JobDeed::kNone;
}

std::optional<MonoTime> JobMachine::due() const {
  switch (phase_) {
    case Phase::kIdle:
      return std::nullopt;
    case Phase::kPending:
      return start_at_.mono;
    case Phase::kOrphan:
      return kill_at_;
    case Phase::kUp:
    case Phase::kEnding:
      if (term_due_) return beat_at_;  // at once
      const MonoTime silence = beat_at_ + kSilenceMax;
      return kill_at_ ? std::min(*kill_at_, silence) : silence;
  }
  return std::nullopt;
}

std::optional<MonoTime> JobMachine::starting_until(Moment now) const {
  if (phase_ != Phase::kUp || arrived_ || now.mono >= spawned_at_ + kStartMax) return std::nullopt;
  return spawned_at_ + kStartMax;
}

JobState JobMachine::state() const {
  switch (phase_) {
    case Phase::kPending:
      return JobState::kWaiting;
    case Phase::kOrphan:
    case Phase::kEnding:
      return JobState::kStopping;
    case Phase::kUp:
      return arrived_ ? JobState::kRunning : JobState::kStarting;
    case Phase::kIdle:
      break;
  }
  switch (record_.rest) {
    case JobRest::kFinished:
      return JobState::kFinished;
    case JobRest::kHalted:
      return JobState::kHalted;
    case JobRest::kFailed:
      return JobState::kFailed;
    case JobRest::kNone:
      break;
  }
  return JobState::kStopped;
}

std::string JobMachine::waits_for() const {
  if (beat_state_ == to_string(LaneState::kWaitingForKafka)) return "waiting for Kafka";
  if (beat_state_ == kWaitsForMarker) return "waiting for its marker; weir logs says why";
  return {};
}

JobReport JobMachine::report(Moment now) const {
  JobReport report;
  report.state = state();
  report.why = record_.why;
  report.desired_running = record_.desired_running;
  if (record_.process) report.pid = record_.process->pid;
  if (started_) report.started_at = wall_of(*started_, now);
  if (phase_ == Phase::kPending) report.next_start = wall_of(start_at_, now);
  if (phase_ == Phase::kOrphan) report.why = "its process of an earlier daemon drains";
  if (phase_ == Phase::kUp) {
    report.why = waits_for();
  }
  RestartHistory failures = history(now);
  report.failures = failures_in_window(failures, terms_.restart, now.wall);
  report.max_attempts = terms_.restart.max_attempts;
  report.restarts = restarts_;
  if (!record_.last_exit.empty()) report.last_exit = record_.last_exit;
  report.version = version_;
  return report;
}

}  // namespace weir
