#pragma once

#include <map>
#include <string>

#include "spec/job_spec.h"

namespace weir {

/// What the patterns of the job's Kafka sources match now, or that it is not known and why; by
/// source, for people. Asks each cluster; blocks for some seconds where none answers.
std::map<std::string, std::string> pattern_matches(const JobSpec& job);

}  // namespace weir
