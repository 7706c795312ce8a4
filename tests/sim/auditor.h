#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "flow/decider.h"
#include "support/fake_cluster.h"
#include "support/fake_follower_sink.h"

namespace weir::test {

/// What the auditor asks about a claim that was committed.
struct Claim {
  OwnerId before;  ///< the owner in the cell that it replaces; 0 none
  OwnerId after;
};

/// Holds every transaction that the cluster commits against the invariants of epochs.md section 8:
/// it knows which epoch, owner and positions were decided last, and which rows each record must
/// become. It trusts nothing of weir's but the texts of cell and mirror.
///
///   I1      a record that makes no rows was gone before it was read, and so is all that its epoch
///           passes in its partition
///   I1, I5  an epoch's transaction holds exactly the rows of the records between the positions
///           before it and its own, all of that epoch, together with the cell and those positions
///   M4      epochs are decided one after the other
///   I8      an epoch is its owner's; an owner is replaced only by a claim that knows it
///   I9      positions rise; a claim or refresh leaves them as they are
///
/// Owned by the history. Thread: the test's.
class Auditor {
 public:
  Auditor(FakeCluster& cluster, LaneId lane, std::string input, std::string output,
          std::string group)
      : cluster_(cluster),
        lane_(std::move(lane)),
        input_(std::move(input)),
        output_(std::move(output)),
        group_(std::move(group)) {}

  /// True when the claimant may replace that owner: it has its id, or a person said so.
  std::function<bool(const Claim&)> may_claim;

  void take(const Committed& committed);
  /// When nothing is under way any more: each record up to the decided positions is in the output
  /// exactly once, and rows of one partition with one key are in its order.
  void check_output();

  /// What a follower has is whole epochs, a prefix of the decided ones (I7).
  void check_follower(const Delivered& outside);

  /// The first invariant that was broken; empty when none was.
  const std::string& violation() const { return violation_; }
  void fail(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }

  /// A person had that record left out: it makes no rows.
  void skip(const TopicPartition& partition, std::int64_t offset) {
    skipped_.insert({partition, offset});
  }

  const std::optional<Cell>& cell() const { return cell_; }
  /// How far the partition's records are decided.
  std::int64_t position(const TopicPartition& partition) const {
    const auto found = positions_.find(partition);
    return found == positions_.end() ? 0 : found->second;
  }
  /// Every record that is visible now was decided.
  bool all_read();
  /// The follower has every decided epoch that has rows.
  bool all_delivered(const Delivered& outside) const;
  std::uint64_t epochs() const { return epochs_; }
  std::uint64_t claims() const { return claims_; }
  /// Records that were gone before they were read.
  std::uint64_t lost() const { return lost_; }

 private:
  void take_epoch(const Committed& committed, const Cell& cell);
  void take_claim(const Committed& committed, const Cell& cell);
  void note_lost(EpochId epoch, const TopicPartition& partition, std::int64_t from, std::int64_t to,
                 const std::set<std::string>& written);
  std::vector<std::string> expected_rows(EpochId epoch, const TopicPartition& partition,
                                         std::int64_t from, std::int64_t to);

  FakeCluster& cluster_;
  const LaneId lane_;
  const std::string input_;
  const std::string output_;
  const std::string group_;
  std::optional<Cell> cell_;
  std::map<TopicPartition, std::int64_t> positions_;  // decided
  std::set<std::pair<TopicPartition, std::int64_t>> skipped_;
  std::map<EpochId, std::vector<std::string>> decided_rows_;  // sorted
  std::uint64_t epochs_ = 0;
  std::uint64_t claims_ = 0;
  std::uint64_t lost_ = 0;
  std::string violation_;
};

}  // namespace weir::test
