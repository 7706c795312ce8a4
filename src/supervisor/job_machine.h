#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "job/run.h"
#include "supervisor/control.h"
#include "supervisor/job_record.h"

namespace weir {

/// Both clocks, read once: deadlines go by `mono`, what is kept or shown by `wall`.
struct Moment {
  MonoTime mono;
  WallTime wall;
};

/// What the daemon does next about a job's process.
enum class JobDeed : unsigned char {
  kNone,
  kSpawn,  ///< start it, when there is a place for one more that starts
  kTerm,   ///< SIGTERM: drain
  kKill,   ///< SIGKILL
};

/// How a process ended, as waitid(2) says.
struct ProcessExit {
  int code = 0;  ///< when `signal` is 0
  int signal = 0;
};

/// Of the job's file, what the daemon goes by.
struct JobTerms {
  RestartSpec restart;
  std::chrono::microseconds drain_timeout = std::chrono::seconds(60);
  LimitsSpec limits;
};

/// One job in the daemon's eyes: facts go in, and out comes what to do with its process. It knows
/// no process, pipe, or clock of its own.
///
/// The process is one of: none, an orphan of a daemon that died, one that starts or runs, one that
/// was asked to stop. Whatever it does, at most one is there: a new one is wished for only after
/// the exit of the one before.
///
/// Owned by the daemon's loop. Thread: that loop's.
class JobMachine {
 public:
  /// No beat for so long: the process hangs.
  static constexpr std::chrono::seconds kSilenceMax{60};
  /// One that takes longer, such as for a lock, no longer keeps others from starting.
  static constexpr std::chrono::seconds kStartMax{10};
  /// After `drain_timeout` it gives the epoch up by itself; then its libraries have this to close.
  static constexpr std::chrono::seconds kGrace{30};

  /// `record` is what the store kept, or that of a new job. `random` outlives it. The job waits for
  /// its turn at once when it is to run.
  JobMachine(JobRecord record, JobTerms terms, Moment now, Random& random);

  // What people ask for. Each answers what it changed by record() and next().

  /// Begins anew, whatever it rests in; nothing when it runs.
  void start(StartOptions options, Moment now);
  void stop(Moment now);
  void restart(StartOptions options, Moment now);
  /// The daemon ends: so does the process, and the job's wishes stay as they are.
  void leave(Moment now);
  /// Once more, and the process gives its open epoch up.
  void hurry();
  /// Its file's text, from the next process on.
  void set_text(std::string file, std::string text, JobTerms terms);
  /// That text means something else: a process of before ends, and one that rested because of what
  /// was is given another chance. A job that was stopped stays so.
  void renew(Moment now);

  // What happened.

  /// The process of a daemon that died still runs; it drains, and no other starts until it is gone.
  void on_orphan(Moment now);
  void on_spawned(ProcessId process, Moment now);
  /// It could not be started at all; counts as a failure of the job.
  void on_spawn_failed(const std::string& why, Moment now);
  /// After a daemon that replaced itself: this process was watched before, and still is.
  void on_adopted(ProcessId process, WallTime started_at, Moment now);
  void on_hello(std::string version);
  /// `state`: the lane's, such as "running". True when it is another one than before.
  bool on_beat(const std::string& state, Moment now);
  void on_end(RunEnd end, std::string why);
  /// `tail`: what it wrote last, for when it died without a word.
  void on_exit(ProcessExit exit, const std::string& tail, Moment now);

  /// What to do now; the deed counts as done when it was returned, but for kSpawn, which is done by
  /// on_spawned() or on_spawn_failed().
  JobDeed next(Moment now);
  /// When next() may want something else; nothing: only after another call.
  std::optional<MonoTime> due() const;

  /// For the next spawn, and only for it.
  const StartOptions& start_options() const { return options_; }
  /// The next process makes its marker, though it was deleted meanwhile: a person said start.
  bool makes_marker() const { return makes_marker_; }

  const JobRecord& record() const { return record_; }
  bool has_process() const { return phase_ >= Phase::kOrphan; }
  /// Until when a process counts as one on its way up: it was started, and has not said yet that it
  /// got anywhere. Nothing for any other.
  std::optional<MonoTime> starting_until(Moment now) const;
  /// A restart that was asked for has not come to its end: it drains, waits, or starts.
  bool is_under_way() const {
    return phase_ == Phase::kPending || (phase_ == Phase::kEnding && again_) ||
           (phase_ == Phase::kUp && !arrived_);
  }
  /// next() is kSpawn, or will be.
  bool wants_start() const { return phase_ == Phase::kPending; }
  std::uint64_t restarts() const { return restarts_; }
  /// All but name, file, socket, log and pending.
  JobReport report(Moment now) const;

 private:
  enum class Phase : unsigned char {
    kIdle,     // no process, and none is to start
    kPending,  // none; one is to start at start_at_
    kOrphan,
    kUp,
    kEnding,  // asked to stop
  };

  void pend(Moment now, std::chrono::microseconds pause);
  void begin_end(bool again, Moment now);
  void forget_failures();
  RestartHistory history(Moment now) const;
  void fail(Moment now, std::string why);
  void end_by_itself(ProcessExit exit, std::string why, Moment now);
  JobState state() const;
  std::string waits_for() const;

  JobRecord record_;
  JobTerms terms_;
  Random& random_;
  Phase phase_ = Phase::kIdle;
  bool leaving_ = false;   // the daemon ends
  bool again_ = false;     // after kEnding, start
  bool term_due_ = false;  // kEnding
  bool silent_ = false;    // it was killed for its silence
  bool arrived_ = false;   // its lane runs, or waits for what is not the machine's
  StartOptions options_;
  bool makes_marker_ = false;
  std::uint64_t restarts_ = 0;
  Moment start_at_;                  // kPending
  Moment told_at_;                   // by whose wall clock record_.history tells its times
  std::optional<MonoTime> kill_at_;  // kOrphan, kEnding
  MonoTime spawned_at_{};
  MonoTime beat_at_{};
  std::optional<Moment> started_;  // the process that runs, or the last
  std::string beat_state_;
  std::string version_;
  struct End {
    RunEnd end;
    std::string why;
  };
  std::optional<End> end_;
};

}  // namespace weir
