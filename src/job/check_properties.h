#pragma once

#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/weir_config.h"

namespace weir {

// What librdkafka, which spec/ does not know, would refuse of `properties:` and `security:` when a
// job connects. A value that stands in a `${file:}` is looked at then.

void check_properties(const JobSpec& job, Diagnostics& diagnostics);
void check_properties(const WeirConfig& config, Diagnostics& diagnostics);

}  // namespace weir
