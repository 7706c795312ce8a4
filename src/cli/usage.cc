#include "cli/usage.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/nearest.h"

namespace weir {
namespace {

// Commands of the design that this version lacks.
constexpr std::string_view kLater[] = {"test",       "demo",  "broker", "tap",
                                       "checkpoint", "state", "dlq",    "quickstart"};

// The innermost command that was named.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<CLI::App*> named = app.get_subcommands();
  return named.empty() ? app : innermost(*named.front());
}

std::string see_help(const CLI::App& command) { return "See " + name_of(command) + " --help.\n"; }

std::string did_you_mean_command(const CLI::App& app, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::App* command : visible_commands(app)) {
    names.push_back(command->get_name());
  }
  return did_you_mean(word, {names.begin(), names.end()});
}

std::string extra_word(const CLI::App& command, const std::string& word) {
  if (!word.starts_with('-')) {
    const std::string hint = did_you_mean_command(command, word);
    return word + ": " + name_of(command) + " has no place for this word" +
           (hint.empty() ? "" : ", " + hint) + "\n";
  }
  const std::string flag = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string hint = did_you_mean(flag, {names.begin(), names.end()});
  return flag + ": " + name_of(command) + " has no such option" +
         (hint.empty() ? "" : ", " + hint) + "\n";
}

// A command that is nothing without one of its own.
std::string missing_command(const CLI::App& command, const std::vector<std::string>& words) {
  std::string names;
  for (const CLI::App* next : visible_commands(command)) {
    names += (names.empty() ? "" : ", ") + next->get_name();
  }
  const std::string hint = words.empty() ? "" : did_you_mean_command(command, words.front());
  return (words.empty() ? "" : words.front() + ": ") + name_of(command) + " needs one of " + names +
         (hint.empty() ? "" : ", " + hint) + "\n";
}

// "JOB is required" of CLI11 says which.
std::string missing(const CLI::App& command, const std::string& what) {
  const std::size_t end = what.find(" is required");
  if (end == std::string::npos) return what + "\n";
  return what.substr(0, end) + ": is missing, as in " + name_of(command) + " " +
         what.substr(0, end) + "\n";
}

}  // namespace

std::vector<const CLI::App*> visible_commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::string name_of(const CLI::App& command) {
  const CLI::App* const parent = command.get_parent();
  if (parent == nullptr) return "weir";
  std::string name = name_of(*parent);
  // What stands between a command and one of its own commands.
  for (const CLI::Option* word :
       parent->get_options([](const CLI::Option* option) { return option->get_positional(); })) {
    name += " " + word->get_name(true);
  }
  return name + " " + command.get_name();
}

std::string unknown_command(const CLI::App& app, std::string_view word) {
  std::string text = std::string(word) + ": ";
  if (std::find(std::begin(kLater), std::end(kLater), word) != std::end(kLater)) {
    return text + "this command is not in this version of weir\n" + see_help(app);
  }
  const std::string hint = did_you_mean_command(app, word);
  text += "weir has no such command" + (hint.empty() ? "" : ", " + hint) + "\n";
  if (word.ends_with(".yaml") || word.ends_with(".yml")) {
    text += "To run that job: weir run " + std::string(word) + "\n";
  }
  return text + see_help(app);
}

std::string parse_mistake(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = innermost(app);
  const std::string what = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::vector<std::string> extras = app.remaining(true);
    std::string text;
    for (const std::string& word : extras) {
      // What stands behind an unknown flag may be its value: one mistake, not two.
      if (!text.empty() && !word.starts_with('-')) continue;
      text += extra_word(command, word);
    }
    return text + see_help(command);
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    const bool lacks_command = what.starts_with("A subcommand");
    return (lacks_command ? missing_command(command, app.remaining(true))
                          : missing(command, what)) +
           see_help(command);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    // "--config: 1 required FILE missing"
    const std::string flag = what.substr(0, what.find(':'));
    const CLI::Option* const option = command.get_option_no_throw(flag);
    const std::string value = option == nullptr ? "a value" : option->get_type_name();
    return flag + ": needs a value, as in " + flag + " " + value + "\n" + see_help(command);
  }
  return what + "\n" + see_help(command);
}

}  // namespace weir
