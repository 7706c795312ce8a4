#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace weir {

/// How `--help` reads: what the command is for, its options, examples and exit codes. Options come
/// from what CLI11 was told, prose and examples from a table in help.cc; a command that has no page
/// there gets its options and its footer.
std::shared_ptr<CLI::FormatterBase> make_help_formatter();

/// What the table has for a command; both empty when nothing.
struct HelpPage {
  std::string_view prose;
  std::string_view examples;
};
HelpPage help_page(const CLI::App& app);

}  // namespace weir
