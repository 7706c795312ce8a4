#pragma once

#include <CLI/App.hpp>
#include <string>

namespace weir {

/// What a package has beside the program, made of the commands as CLI11 was told of them, so that
/// neither can differ from the other. `app` has all of its commands. Pure.

/// weir(1), in man(7)'s language.
std::string manual_page(const CLI::App& app);
/// For bash-completion: commands, options, files, and the names of the daemon's jobs.
std::string bash_completion(const CLI::App& app);
/// The same for zsh, to be found as `_weir`.
std::string zsh_completion(const CLI::App& app);

/// Adds `generate`, which prints one of them and which no help names: packaging/package.cmake runs
/// it.
void add_generate_command(CLI::App& app, int& exit_code);

}  // namespace weir
