#pragma once

#include <CLI/App.hpp>
#include <CLI/Error.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// What a person reads when the command line is wrong: the flag or word first, then what is wrong
/// with it, then what would be right. Ends with a newline.

/// A command as a person writes it: `weir run`, `weir offsets JOB seek`.
std::string name_of(const CLI::App& command);
/// Those below `app` that help and completions name.
std::vector<const CLI::App*> visible_commands(const CLI::App& app);
/// Of a first word that is no command: one of a later version, or a slip.
std::string unknown_command(const CLI::App& app, std::string_view word);
/// Of what CLI11 threw while it parsed.
std::string parse_mistake(const CLI::App& app, const CLI::ParseError& error);

}  // namespace weir
