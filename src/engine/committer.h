#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "engine/decider_watch.h"
#include "engine/lane.h"
#include "engine/messages.h"
#include "engine/recovery.h"

namespace weir {

/// The blocking half of a lane: recovery, claims, commits, refreshes, over store, decider and
/// sources. What it decides is recovery.h's and decisions.h's; here is the order of the steps.
/// Recovery's are in committer_recovery.cc and, where reading goes on, committer_positions.cc,
/// those of epochs in committer.cc (epochs.md, sections 4 and 3).
///
/// Every call to the decider goes through `watch`. Once abandoned, each call returns kRecover at
/// once and touches neither store nor sources: another Committer has them.
///
/// Owned by its CommitterTask, makes and owns its decider. Thread: that task's; each call blocks
/// for seconds at most, commit() until the answer is known.
class Committer {
 public:
  Committer(LaneParts& parts, const Clock& clock, Random& random, DeciderWatch& watch)
      : parts_(parts), clock_(clock), random_(random), watch_(watch) {}

  /// Steps 1 to 8: opens, peeks, fences, reads, decides, claims. `at_start`: this process has not
  /// claimed yet, so a takeover may act.
  /// Errors: kRetry and kRecover (again, after the back-off), kHalt, kStopJob.
  Result<Recovered> recover(bool at_start);

  /// Starts fetching what recover() returned, one waker and one reader per split.
  Result<std::vector<std::unique_ptr<SplitReader>>> assign(const std::vector<const Waker*>& wakers);

  /// Begins the transaction of epoch L+1 and reads its clock. Errors also for a fault of a source.
  Result<EpochContext> open(AssignmentId assignment);
  /// Flushes the sinks, prepares D/<N> unless the lane is light, and decides the epoch; afterwards
  /// it is applied, and the producer rotated where it must be. An epoch that moved nothing is
  /// dropped.
  Result<> commit(const EpochContext& epoch, const std::vector<SplitRange>& moved,
                  const std::vector<OutboxRow>& outbox);
  /// True when `epoch` was decided, also when commit() failed behind that.
  bool has_decided(EpochId epoch) const { return lane_.epoch >= epoch; }
  /// True when a source has splits that the lane does not own yet, or the lane some that have gone.
  /// Errors: a fault of a source; kHalt source_rewritten when the last records read are not where
  /// they were, data_loss when a split went with records unread.
  Result<bool> look_around();
  /// Where the claimed splits end: `end:` where the source has one, else the log's end as of now.
  Result<std::map<SplitId, Position>> find_ends();
  /// The cell again, and all of the mirror, so that neither expires.
  Result<> refresh();
  /// A refresh, then LANE with the clean-stop mark.
  Result<> clean_stop();
  /// Gives up an open transaction, 5 s at most, and stops fetching. Precondition: every reader was
  /// destroyed.
  void release();

  /// "\n    clicks/t/0 from 5 up to 17, 12 records" for each.
  std::string describe(const std::vector<SplitRange>& ranges) const;
  /// The command that leaves the first record of `ranges` out, on a line of its own.
  std::string skip_first(const std::vector<SplitRange>& ranges) const;

  CommitterProgress progress() const;

 private:
  // How long comparing the last records may take, beside some more for each split: the lane waits
  // for a look.
  static constexpr std::chrono::seconds kStartPatience{30};
  static constexpr std::chrono::seconds kLookPatience{5};

  MonoTime soon() const { return clock_.mono() + std::chrono::seconds(30); }
  static Error abandoned();
  /// One call to the decider, under the watch; `call` returns a Result. `deadline` is the call's
  /// own, and it is given some seconds beyond.
  template <class Call>
  auto watched(MonoTime deadline, Call call) -> decltype(call());
  Result<CellReading> peek();
  Result<CellReading> read_stable(MonoTime deadline);
  Result<> fence();

  // committer_recovery.cc
  Result<> connect();
  Result<std::vector<SplitId>> discover();
  Result<> read_facts(bool at_start);
  Result<> first_start(const std::vector<SplitId>& splits);
  Result<> continue_from(const RecoveryDecision& decision, const std::vector<SplitId>& splits);
  Result<> apply(const RecoveryDecision& decision);
  Result<> check_identities() const;
  Result<> identify_sources();
  Result<> check_cell_stands();
  /// Where LANE stands in the splits that the job file names.
  std::map<SplitId, Position> positions_read() const;
  /// Within `patience`, and some more for each position.
  Result<std::vector<TailCheck>> compare_tails(const std::map<SplitId, Position>& positions,
                                               std::chrono::seconds patience);
  /// Of where LANE stands now, as `patience` is above.
  Result<std::vector<TailCheck>> verify_tails(std::chrono::seconds patience);
  /// `checks` are of where LANE stands. What they could not compare is known by what it was known
  /// by before, where `keep` says so for its source.
  void note_tails(const std::vector<TailCheck>& checks,
                  const std::function<bool(const Source&)>& keep);
  void report_unverified(const std::vector<TailCheck>& checks) const;
  Result<> resolve_ends(bool at_start);
  Result<> claim();
  Result<std::vector<ClaimedSplit>> claimed_splits();
  /// LANE's splits of `source` that the job file still names.
  std::vector<std::string> splits_of(const Source& source) const;

  // committer_positions.cc
  Result<> first_positions_of(Source& source, const std::vector<SplitId>& splits, LaneRecord& lane);
  void remember(const LaneRecord& before);
  /// LANE's splits that are read, and not among `found`.
  std::vector<SplitId> missed(const std::vector<SplitId>& found) const;
  Result<> let_missed_go(const std::vector<SplitId>& found);
  Result<> settle_by_lane(const std::vector<SplitId>& splits);
  Result<> settle_positions(bool adopt, const std::vector<SplitId>& splits);
  Result<> start_at_beginning(const std::vector<SplitId>& splits);
  Result<MirrorReading> read_mirror(const std::vector<SplitId>& splits, bool with_members);
  Result<MirrorReading> read_mirror(Source& source, const std::vector<SplitId>& splits);
  static Result<> all_known(const MirrorReading& mirror);

  // committer.cc
  Result<> check_health();
  Result<> look_at_tails();
  void warn_of_unverified(const std::vector<TailCheck>& before, const std::vector<TailCheck>& now);
  Result<> flush(const EpochContext& epoch, const std::vector<SplitRange>& moved);
  EpochRecord record_of(const EpochContext& epoch, const std::vector<SplitRange>& moved);
  Result<> decide_locally(EpochRecord& record, const std::vector<OutboxRow>& outbox);
  Result<> prepare(EpochRecord& record, const std::vector<OutboxRow>& outbox);
  Result<> apply(const EpochRecord& record);
  void advance(const EpochRecord& record);
  Result<> commit_cell(const Commit& commit, const std::function<Result<>()>& applied);
  Commit whole_commit() const;
  void publish(const MirrorPositions& positions);
  bool is_mirrored(const SplitId& split) const { return mirrored_.contains(split.source); }
  bool is_read(const SplitId& split) const;
  Result<> rotate();
  Cell cell_now() const;
  LogContext context() const;
  std::size_t source_of(const SplitId& split) const;

  LaneParts& parts_;
  const Clock& clock_;
  Random& random_;
  DeciderWatch& watch_;
  std::unique_ptr<Decider> decider_;
  RecoveryFacts facts_;
  LaneRecord lane_;    // as applied; ahead of the store's while a light lane runs
  bool light_ = true;  // from this claim on
  std::map<std::string, std::string> identities_;  // of the sources, as of the last recovery
  std::set<std::string> mirrored_;  // sources whose positions the decider's transaction holds
  std::vector<ClaimedSplit> claimed_;
  // Whose tails were the same at the last look or claim that could compare them, or lay outside of
  // their logs; where none could, of the first epoch since the claim.
  std::map<SplitId, Position> known_tails_;
  std::set<SplitId> unverified_;    // as of the last look: told once
  std::vector<SplitId> unclaimed_;  // that begin anew with the claim under way
  std::uint64_t offsets_lost_ = 0;  // of splits that the recovery under way lets go
  std::chrono::sys_seconds claimed_at_{};
};

template <class Call>
auto Committer::watched(MonoTime deadline, Call call) -> decltype(call()) {
  if (watch_.abandoned()) return abandoned();
  watch_.enter(deadline + std::chrono::seconds(10));
  auto answer = call();
  if (!watch_.leave()) return abandoned();
  return answer;
}

}  // namespace weir
