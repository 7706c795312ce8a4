#pragma once

#include <vector>

#include "engine/lane.h"
#include "plan/plan.h"

namespace weir {

/// What every record of source `source` goes through: its decoder, then the steps that the plan
/// sends its rows to. `sinks` says which sink of the lane each sink of the job is. `job` and `plan`
/// outlive it. Errors: kStopJob.
Result<std::unique_ptr<Pipeline>> make_pipeline(const JobSpec& job, const Plan& plan,
                                                std::size_t source,
                                                const std::vector<SinkIndex>& sinks);

}  // namespace weir
