#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mailbox.h"
#include "base/snapshot.h"
#include "engine/decider_watch.h"
#include "engine/decisions.h"
#include "engine/lane.h"
#include "engine/messages.h"
#include "engine/progress.h"
#include "engine/split_book.h"
#include "engine/worker.h"

namespace weir {

/// The other actors of a lane as its coordinator sees them: threads in production (lane.cc), fibers
/// in the simulator.
///
/// Owned by the lane. Thread: the coordinator's; no call blocks.
class LaneActors {
 public:
  virtual ~LaneActors() = default;

  /// Makes workers until there are `count`. Errors: kStopJob when the process is out of resources.
  virtual Result<> hire(std::size_t count) = 0;
  virtual std::size_t workers() const = 0;
  virtual void send(std::size_t worker, WorkerCommand command) = 0;
  /// What the worker sleeps on; null where nobody sleeps.
  virtual const Waker* waker(std::size_t worker) = 0;

  virtual void send(CommitterCommand command) = 0;
  /// Tells every follower: epochs up to this one are decided.
  virtual void decided(EpochId epoch) = 0;
  virtual DeciderWatch& watch() = 0;
  /// The current committer was abandoned: another takes its place, with this number.
  virtual Result<> replace_committer(std::uint64_t number) = 0;
  /// Abandoned committers whose call has not returned yet.
  virtual std::size_t abandoned() const = 0;
};

/// Decides what a lane does: when to recover, open, seal, commit, look around, drain and stop. It
/// owns no file and no socket and never blocks: facts come as events and times, decisions leave as
/// commands, one to the committer at a time.
///
///   kBackingOff (0 s) -> kRecovering at the start
///   kRecovering -> kAssigning -> kIdle -> kOpening -> kOpen -> kSealing -> kCommitting -> kIdle
///                                kIdle -> kLooking | kRefreshing | kTicking -> kIdle
///                                kIdle -> kStopping -> kEnded
///   any of them, at an error -> kDiscarding -> kReleasing -> kBackingOff -> kRecovering
///                                                kReleasing -> kRecovering    (new splits)
///                                                kReleasing -> kEnded         (HALT, stop)
///
/// Owned by the lane. Thread: the lane's own; request_stop() and status() any, the first
/// async-signal-safe.
class Coordinator {
 public:
  enum class Phase : unsigned char {
    kRecovering,
    kAssigning,
    kIdle,
    kOpening,
    kOpen,
    kSealing,
    kCommitting,
    kLooking,
    kRefreshing,
    kTicking,
    kStopping,
    kDiscarding,
    kReleasing,
    kBackingOff,
    kEnded,
  };

  /// `bounded`: every source ends, so the lane does too. `outbox_bounds`: one per follower.
  /// Everything given outlives it.
  Coordinator(const LaneId& id, const LaneOptions& options, bool bounded,
              std::vector<OutboxBound> outbox_bounds, const Clock& clock, EpochBudget& budget,
              LaneActors& actors, Mailbox<LaneEvent>& events);

  /// Takes every event that has come and decides on. Once at the beginning, then at every event and
  /// at wake_at().
  void step();
  /// When step() must be called though no event has come.
  MonoTime wake_at() const;

  bool ended() const { return phase_ == Phase::kEnded; }
  /// Valid once ended().
  const LaneOutcome& outcome() const { return outcome_; }

  /// First: drain. Second: give the open epoch up; nothing is lost either way. The caller wakes the
  /// coordinator.
  void request_stop() { stops_.fetch_add(1); }
  std::shared_ptr<const LaneStatus> status() const { return published_.read(); }

 private:
  /// What follows when everything open was given up.
  enum class Then : unsigned char { kBackOff, kRecoverAtOnce, kEnd };

  void take(FromWorker& from);
  void take(FromCommitter& from);
  void take(FromFollower& from);
  void on_seal(Sealed& sealed);
  void on(Recovered& reply);
  void on(SourcesAssigned& reply);
  void on(TransactionOpened& reply);
  void on(EpochCommitted& reply);
  void on(LookedAround& reply);
  void on(Refreshed& reply);
  void on(EndsFound& reply);
  void on(StoppedClean& reply);
  void on(Released& reply);
  void on(CommitterFailed& reply);

  void advance();
  void advance_idle();
  void advance_open();
  void watch_committer();
  void watch_stops();
  void report_progress();

  void enter(Phase phase);
  void command(CommitterCommand command, Phase phase);
  void fail(Error error, const std::vector<SplitId>& refused = {});
  bool waits_for_topic(const Error& error);
  std::vector<SplitId> moved_splits() const;
  void give_up(Then then);
  void release();
  void name_poison(const Released& reply);
  void end(LaneOutcome outcome);
  void publish(LaneState state);
  MonoTime seal_at() const;
  bool input_ended() const;
  bool drains() const;
  bool delivered() const;
  bool waits_for_outbox() const;
  void find_diverted();
  bool waits_for_tick() const { return options_.trigger_every && splits_open_.empty(); }

  const LaneOptions& options_;
  const bool bounded_;
  const std::vector<OutboxBound> outbox_bounds_;
  const Clock& clock_;
  EpochBudget& budget_;
  LaneActors& actors_;
  Mailbox<LaneEvent>& events_;

  Phase phase_ = Phase::kBackingOff;
  MonoTime entered_;                        // the phase
  MonoTime opened_, sealing_, committing_;  // phases of the epoch, when they were entered last
  bool busy_ = false;                       // the committer has a command
  MonoTime commanded_;                      // when it got it
  std::uint64_t committer_ = 0;             // its number
  std::uint64_t doubts_before_ = 0;         // of the committers that were replaced
  CommitterProgress progress_;              // as of its last reply
  AssignmentId assignment_;                 // counts, so that stale words are told
  std::vector<ClaimedSplit> claimed_;
  std::set<SplitId> splits_open_;  // not read to their end yet
  std::size_t answers_ = 0;        // Sealed or Discarded of this phase
  std::set<std::size_t> waiting_;  // workers that hold records and wait for an epoch
  EpochContext epoch_;             // the open one
  Sealed sealed_;                  // of all workers, so far
  MonoTime next_look_;
  MonoTime next_refresh_;
  MonoTime next_tick_;   // `trigger: every`
  bool ticked_ = false;  // since the assignment
  MonoTime back_until_;
  MonoTime assigned_;                      // when the lane began to run
  std::uint64_t failures_ = 0;             // since an epoch was decided, or the lane had been calm
  std::optional<MonoTime> topic_missing_;  // since when
  PoisonCounter poison_;                   // kRowsRefused
  PoisonCounter too_large_;                // kRowTooLarge
  std::set<SkipKind> skips_told_;          // of all workers
  bool claimed_once_ = false;              // by this process
  std::optional<MonoTime> stop_seen_;
  Then then_ = Then::kBackOff;
  std::vector<SplitRange> given_up_;  // of the open epoch
  LaneOutcome outcome_;

  std::vector<FollowerAt> followers_;  // how far each is
  std::vector<bool> diverted_;         // whose rows are dead letters, as of the last epoch

  LogContext context_;
  MonoTime started_;
  LaneStatus status_;
  SplitBook book_;
  ProgressReports reports_;
  Snapshot<LaneStatus> published_;
  std::atomic<int> stops_ = 0;
};

}  // namespace weir
