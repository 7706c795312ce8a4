#pragma once

#include "spec/job_parts.h"

namespace weir {

/// Reports what is wrong between the parts of a job: names used twice, two sources that share a
/// group and a topic, loops, dead-letter sinks that are not there or not used.
void check_job(const JobSpec& job, const PartContext& context);

}  // namespace weir
