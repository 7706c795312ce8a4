#pragma once

#include <functional>
#include <string>

#include "spec/diagnostics.h"
#include "spec/job_spec.h"

namespace weir {

// `pattern` of a Kafka source.

/// Reports patterns that are no regular expression, and sources that could read one topic with one
/// group, which has one place per partition.
void check_patterns(const JobSpec& job, Diagnostics& diagnostics);

/// Which topics the pattern of `source` reads, of those that there are. Precondition:
/// check_patterns() has nothing to say. Pure; the result outlives the job.
std::function<bool(const std::string& topic)> pattern_topics(const JobSpec& job,
                                                             const SourceSpec& source);

}  // namespace weir
