#pragma once

namespace weir {

/// Reads the command line, runs the command, returns the process's exit code. Data goes to stdout,
/// everything else to stderr. Thread: main.
int run_command_line(int argc, char** argv);

}  // namespace weir
