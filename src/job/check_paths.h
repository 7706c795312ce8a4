#pragma once

#include "spec/diagnostics.h"
#include "spec/directories.h"
#include "spec/job_spec.h"

namespace weir {

/// A sink that writes files keeps away from weir's own state: whoever cleans up one of the two must
/// not take the other one with it.
void check_paths(const JobSpec& job, const Directories& directories, Diagnostics& diagnostics);

}  // namespace weir
