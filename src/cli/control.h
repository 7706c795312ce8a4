#pragma once

#include <CLI/App.hpp>

#include "cli/load_job.h"

namespace weir {

/// Adds the commands that talk to a daemon: ps, top, start, stop, restart, reload, lag,
/// logs. Each leaves its exit code in `exit_code`, which outlives the parse.
void add_control_commands(CLI::App& app, int& exit_code);

/// What `weir reload --dry-run` shows. Returns the exit code.
int show_reload(const JobFlags& flags);

}  // namespace weir
