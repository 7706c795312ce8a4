#pragma once

#include <CLI/App.hpp>

#include "cli/load_job.h"

namespace weir {

/// The options that commands share, in one form. `flags` outlives the parse.

/// --config and --param.
void add_config_options(CLI::App& command, JobFlags& flags);
void add_state_dir_option(CLI::App& command, JobFlags& flags);
/// JOB and --state-dir, and --config and --param.
void add_job_options(CLI::App& command, JobFlags& flags);

}  // namespace weir
