#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flow/lane_record.h"

namespace weir {

/// The input of one split in one epoch.
struct SplitRange {
  SplitId split;
  Position first;
  Position next;
  std::uint64_t records = 0;
  bool operator==(const SplitRange&) const = default;
};

/// One rendered row for a follower, kept until it has acknowledged it.
struct OutboxRow {
  std::string follower;  ///< the sink's name
  std::string bytes;
  bool operator==(const OutboxRow&) const = default;
};

/// What epoch N is: D/<N> of epochs.md section 2, prepared record and delta-log entry in one. A
/// light lane builds it in memory, for the decider, and writes none.
struct EpochRecord {
  EpochId epoch;
  AttemptId attempt;
  std::vector<SplitRange> ranges;  ///< of the splits that moved
  SplitProgressMap splits;         ///< all splits, after the epoch
  std::optional<WallTime> watermark;
  WallTime clock{};
  std::string state_delta;                   ///< physical: recovery never runs job code
  std::map<std::string, EpochId> followers;  ///< sink -> delivered epoch
  /// XXH3-64 of the encoded record (this field left out) and its outbox rows; none when light.
  std::optional<Digest> digest;
  bool operator==(const EpochRecord&) const = default;
};

}  // namespace weir
