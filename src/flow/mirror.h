#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "flow/lane_record.h"

namespace weir {

// The mirror: a lane's input positions as committed offsets of the user's consumer group, for lag
// tools and for a stateless lane on a new disk (epochs.md, section 2).

/// `unknown` is never taken for `absent`: after a time-out librdkafka shows the same offset -1001
/// for both, and going on then would begin a job anew.
enum class ReadState : unsigned char { kValue, kAbsent, kUnknown };

/// Who wrote a mirror offset: metadata `w2m;...`.
struct MirrorMark {
  std::string instance;
  std::string job;
  EpochId epoch;
  bool operator==(const MirrorMark&) const = default;
};

struct MirrorEntry {
  SplitId split;
  ReadState state = ReadState::kUnknown;
  Position position;               ///< with kValue
  std::optional<MirrorMark> mark;  ///< with kValue; none: somebody else's commit
  std::string text;  ///< with kUnknown the reason, else position and metadata for people
};

struct MirrorReading {
  std::vector<MirrorEntry> entries;  ///< one per split asked for, in that order
  /// Groups that have live members now, by name; looked at only when asked.
  std::vector<std::string> groups_with_members;
};

/// Positions that go into the mirror together.
using MirrorPositions = std::vector<std::pair<SplitId, Position>>;

}  // namespace weir
