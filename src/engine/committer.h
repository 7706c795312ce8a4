#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/lane.h"
#include "engine/recovery.h"

namespace weir {

/// A split that the lane owns after its claim, with where reading goes on.
struct ClaimedSplit {
  std::size_t source = 0;  ///< index into LaneParts::sources
  SplitAssignment assignment;
};

/// The blocking half of a lane: recovery, claims, commits, refreshes, over store, decider and
/// sources. What it decides is recovery.h's; here is the order of the steps (epochs.md, section 4).
///
/// Owned by the lane. Thread: the lane's; each call blocks for seconds at most, commit() until the
/// answer is known.
class Committer {
 public:
  Committer(LaneParts& parts, const Clock& clock, Random& random)
      : parts_(parts), clock_(clock), random_(random) {}

  /// Steps 1 to 8: opens, peeks, fences, reads, decides, claims. `at_start`: this process has not
  /// claimed yet, so `takeover: auto` may act.
  /// Errors: kRetry and kRecover (again, after the back-off), kHalt, kStopJob.
  Result<std::vector<ClaimedSplit>> recover(bool at_start);

  /// Begins the transaction of epoch L+1 and reads its clock.
  Result<EpochContext> open(AssignmentId assignment);
  /// Flushes the sinks and decides the epoch; afterwards it is applied, and the producer rotated.
  Result<> commit(const EpochContext& epoch, const std::vector<SplitRange>& moved);
  /// The cell again, and all of the mirror, so that neither expires.
  Result<> refresh();
  /// A refresh, then LANE with the clean-stop mark.
  Result<> clean_stop();
  /// Gives up an open transaction.
  void abort();

  /// True when a source has splits that the lane does not own yet.
  Result<bool> found_new_splits();

  EpochId epoch() const { return lane_.epoch; }
  /// " clicks/t/0@17 clicks/t/1@9": where the next epoch begins.
  std::string positions_text() const;
  /// Positions that the next epoch begins at.
  const SplitProgressMap& positions() const { return lane_.splits; }
  std::uint64_t doubts() const { return decider_ ? decider_->doubts() : 0; }

 private:
  MonoTime soon() const { return clock_.mono() + std::chrono::seconds(30); }
  Result<> connect();
  Result<std::vector<SplitId>> discover();
  Result<> read_facts(bool at_start);
  Result<> first_start(const std::vector<SplitId>& splits);
  Result<> continue_from(const RecoveryDecision& decision, const std::vector<SplitId>& splits);
  Result<> start_at_beginning(const std::vector<SplitId>& splits);
  Result<> verify_tails();
  Result<> resolve_ends();
  std::vector<std::string> splits_of(const Source& source) const;
  std::string describe(const std::vector<SplitRange>& moved) const;
  Result<> claim();
  Result<> commit_cell(bool whole_mirror, const std::vector<SplitRange>& moved, Cell cell);
  Result<> rotate();
  Result<std::vector<ClaimedSplit>> assignments();
  Cell cell_now() const;
  std::size_t source_of(const SplitId& split) const;

  LaneParts& parts_;
  const Clock& clock_;
  Random& random_;
  std::unique_ptr<Decider> decider_;
  RecoveryFacts facts_;
  LaneRecord lane_;  // as applied; ahead of the store's while a light lane runs
  std::chrono::sys_seconds claimed_at_{};
};

}  // namespace weir
