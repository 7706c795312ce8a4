#pragma once

#include <CLI/App.hpp>

namespace weir {

/// Adds `weir daemon` to `app`; it leaves its exit code in `exit_code`, which outlives the parse.
void add_daemon_command(CLI::App& app, int& exit_code);

}  // namespace weir
