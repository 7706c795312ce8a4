#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/outlook.h"

namespace weir {

/// The ways out that `weir offsets JOB` offers (epochs.md section 4, the table of HALTs).
enum class MendKind : unsigned char {
  kAdopt,         ///< the group's offsets become the positions
  kRestore,       ///< this job's own positions go to the group
  kCommitted,     ///< in_doubt: the prepared epoch counts as committed
  kNotCommitted,  ///< in_doubt: it does not
  kTrustLocal,    ///< decider_regressed: this machine's record is the truth
  kTrustDecider,  ///< decider_regressed: cell and group are
  kSeek,          ///< splits go on elsewhere
  kSkip,          ///< single records are left out
  kReset,         ///< a new first start
};
/// As it is typed: "adopt", "decide --trust-local".
std::string_view to_string(MendKind kind);

enum class SeekTo : unsigned char { kEarliest, kLatest, kOffset };
struct Seek {
  SplitId split;
  SeekTo to = SeekTo::kEarliest;
  Position offset;  ///< with kOffset
};

struct MendRequest {
  MendKind kind = MendKind::kAdopt;
  std::vector<Seek> seeks;
  std::vector<std::pair<SplitId, Position>> skips;
  /// Random; for a cell that is made anew at an epoch whose own attempt nobody knows any more.
  AttemptId attempt;
};

/// What becomes of one split, in numbers.
struct SplitChange {
  SplitId split;
  std::optional<Position> from;  ///< how far it was read, where anything knows
  Position to;
  /// Places that are never read, and places that are read a second time; none where they cannot be
  /// counted.
  std::optional<std::int64_t> skipped, again;
  bool at_most = false;  ///< the numbers are bounds: `from` is not certain
  std::string note;      ///< where `to` comes from, when that does not go without saying
};

enum class MendVerdict : unsigned char {
  kDo,           ///< claim `lane`
  kNothingToDo,  ///< the state is already what was asked for
  kRefused,      ///< this is not the way out of what was found
};

/// What a command will do, decided before anything is written.
struct Mend {
  MendVerdict verdict = MendVerdict::kRefused;
  std::string text;                  ///< kDo: what it does, else why not; whole lines
  std::vector<SplitChange> changes;  ///< every split, with kDo
  std::vector<std::string> remarks;  ///< what else a person must know before saying yes
  /// To be claimed, with kDo; owner, owner_next and clock are the claim's.
  LaneRecord lane;
  bool drop_prepared = false;  ///< D above lane.epoch was not committed
  bool drop_applied = false;   ///< D up to lane.epoch is of positions that are given up
};

/// Facts in, what will be done out. `outlook` is foresee(survey, math). Pure.
Mend decide_mend(const MendRequest& request, const Survey& survey, const Outlook& outlook,
                 const PositionMath& math);

}  // namespace weir
