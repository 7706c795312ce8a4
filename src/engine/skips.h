#pragma once

#include <memory>
#include <vector>

#include "flow/lane_record.h"
#include "flow/source.h"

namespace weir {

/// The records that `split` leaves out, for its SplitAssignment. Pure.
std::vector<Position> skips_of(const LaneRecord& lane, const SplitId& split);

/// Forgets the skips that `lane.splits` has passed, and those of splits that are not in it any
/// more. For every claim: its positions are decided, so nothing behind them is read again.
void drop_passed_skips(LaneRecord& lane, const std::vector<std::unique_ptr<Source>>& sources);

}  // namespace weir
