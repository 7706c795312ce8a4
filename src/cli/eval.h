#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds `weir eval EXPR`: an expression, or a select list, over the JSON objects on standard input,
/// one line of standard output for each. Its exit code goes to `exit_code` when it is the command
/// that was given; both outlive the parsing.
///
/// Exit codes: 0 done; 1 a line could not be read or evaluated, which standard error names, the
/// others are printed; 64 a mistake in the expression or the schema. Thread: main; blocks while
/// standard input has nothing.
void add_eval_command(CLI::App& app, int& exit_code);

}  // namespace weir
