#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds `weir offsets JOB [show | adopt | restore | decide | seek | skip | reset]`. Its exit code
/// goes to `exit_code` when it is the command that was given; both outlive the parsing.
///
/// Exit codes: 0 done, or nothing to do; 1 declined, or failed and worth another try; 64 usage, or
/// a command that cannot be meant; 78 a HALT that this command does not mend. Thread: main.
void add_offsets_command(CLI::App& app, int& exit_code);

}  // namespace weir
