#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "engine/lane.h"
#include "engine/mend.h"
#include "engine/outlook.h"

namespace weir {

/// What was read of a store; `damage` in place of the contents when it cannot be read.
struct StoreReading {
  StoreContents contents;
  std::string damage;
};

enum class SurveyMode : unsigned char {
  kLook,    ///< changes nothing and fences nobody; what is in the middle of something is unknown
  kSettle,  ///< as a start does: peek, owner, fence, stable read
  kSettleAnew,  ///< the same, with first positions by `start:` and ends by `end:`
};

/// Reads everything foresee() and decide_mend() go by. kSettle stops before the fence when the
/// cell is another owner's, or the cluster another one: the survey then says so and no more.
///
/// Blocks for seconds. Errors: kRetry when something cannot be reached or is unknown (kLook puts
/// it into the survey instead, where it can); kStopJob for a missing topic or permission.
Result<Survey> take_survey(LaneParts& parts, Decider& decider, const StoreReading& store,
                           SurveyMode mode, const Clock& clock);

/// The sources' arithmetic. `parts` outlives it.
PositionMath position_math(const LaneParts& parts);

/// Carries a decision out, in the order of a claim (epochs.md section 4, step 8), so that a crash
/// between two of its writes leaves what a start or the same command understands:
///
///   1. LANE with sync: the new positions, the owner found in the cell, a new owner_next
///   2. the cell at LANE's epoch with owner_next, and all of the mirror, in one transaction
///   3. LANE with sync: the owner is owner_next
///
/// LANE carries the clean-stop mark in 1 and 3: its positions are the truth, nothing runs, and a
/// cell that is missing or expires is made again from them.
///
/// Precondition: the decider is fenced by a kSettle survey, and `mend` was decided by it.
/// Errors: kRetry when the outcome is unknown or the cluster went away, kHalt other_owner; the
/// same command again finishes in each case.
Result<> carry_out(const Mend& mend, const Survey& survey, Decider& decider, EpochStore& store,
                   const Clock& clock, Random& random);

}  // namespace weir
