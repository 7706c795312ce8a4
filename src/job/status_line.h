#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "engine/lane.h"

namespace weir {

/// Pure functions; Thread: any.

/// What a person sees of a running job, in one row of at most `width` characters; what matters less
/// is left out first. Rates are what was committed between two looks at the lane, `apart` from each
/// other.
///
///   late-departures running · epoch 12 · 12,345/s in · 3,210/s out · lag 1,234 · 10,452 in · 3
///   skipped
std::string status_line(std::string_view job, const LaneStatus& before, const LaneStatus& now,
                        std::chrono::microseconds apart, std::size_t width);

/// What a job did, for the last line of its log.
std::string final_summary(const LaneStatus& status, std::chrono::microseconds ran);

}  // namespace weir
