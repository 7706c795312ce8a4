#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "flow/epoch_store.h"

namespace weir::test {

/// What one lane's store holds.
struct DiskState {
  std::optional<LaneRecord> lane;
  std::map<EpochId, EpochRecord> epochs;
  std::map<std::tuple<EpochId, std::string, std::size_t>, std::string> outbox;  // by epoch,
                                                                                // follower, number
  std::map<std::string, EpochId> acknowledged;                                  // by follower
};

/// A state directory. Writes reach it in order; a synced write makes itself and all before it
/// durable; at a loss of power any number of the latest others may be gone (a killed process alone
/// loses none: the page cache stays).
///
/// A value: a copy is a backup, and assigning one puts it back. It outlives its stores and
/// processes. Thread: the test's.
class FakeDisk {
 public:
  using Write = std::function<void(DiskState&)>;

  void write(Write write, bool sync);
  /// Of the writes without a sync the first `kept` survive.
  void lose_power(std::size_t kept);
  std::size_t unsynced() const { return unsynced_.size(); }
  /// What a loss of power leaves for certain.
  const DiskState& durable() const { return durable_; }
  /// As a reader sees it now.
  const DiskState& state() const { return now_; }

  /// A bit of the record flips: "LANE", or "D/7".
  void damage(const std::string& record) { damaged_.insert(record); }
  const std::set<std::string>& damaged() const { return damaged_; }

 private:
  DiskState durable_;
  DiskState now_;  // durable_ and all of unsynced_
  std::deque<Write> unsynced_;
  std::set<std::string> damaged_;
};

}  // namespace weir::test
