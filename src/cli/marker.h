#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds `weir marker status|create|delete JOB`: looks at the marker of a job, makes it or removes
/// it as the job itself or a person would. Its exit code goes to `exit_code` when it is the command
/// that was given; both outlive the parsing.
///
/// Exit codes: 0 it is known, or done; 1 it cannot be told, or was not done; 78 the job has no
/// marker, or something else stands in its place. Thread: main; blocks for as long as the marker's
/// place does.
void add_marker_command(CLI::App& app, int& exit_code);

}  // namespace weir
