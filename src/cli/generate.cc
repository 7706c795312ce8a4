#include "cli/generate.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string_view>
#include <vector>

#include "cli/help.h"
#include "cli/usage.h"
#include "cli/version.h"
#include "job/run.h"

namespace weir {
namespace {

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) {
    return option->nonpositional() && !option->get_group().empty();
  });
}

std::vector<const CLI::Option*> words_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// "-f", "--follow".
std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

// What stands in the place of a word or an option's value.
enum class Value : unsigned char { kJobName, kPath, kDirectory, kOther };

Value value_of(const CLI::Option& option) {
  const std::string name = option.get_positional() ? option.get_name(true) : option.get_type_name();
  if (name == "JOB" && option.get_description().find("name") != std::string::npos) {
    return Value::kJobName;
  }
  if (name == "JOB" || name == "PATH" || name == "FILE") return Value::kPath;
  return name == "DIR" ? Value::kDirectory : Value::kOther;
}

// man(7).

std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

void put_option(std::ostringstream& out, const CLI::Option& option) {
  std::vector<std::string> names;
  if (option.get_positional()) {
    names.push_back(italic(option.get_name(true)));
  } else {
    for (const std::string& name : names_of(option)) names.push_back(bold(name));
  }
  out << ".TP\n" << joined(names, ", ");
  if (option.nonpositional() && takes_value(option)) out << ' ' << italic(option.get_type_name());
  out << '\n' << roff(option.get_description()) << '\n';
}

void put_command(std::ostringstream& out, const CLI::App& command) {
  out << ".SS " << bold(name_of(command));
  for (const CLI::Option* word : words_of(command)) {
    out << ' ' << (word->get_required() ? "" : "[") << italic(word->get_name(true))
        << (word->get_items_expected_max() > 1 ? "..." : "") << (word->get_required() ? "" : "]");
  }
  out << '\n';
  const HelpPage page = help_page(command);
  out << roff(page.prose.empty() ? command.get_description() : std::string(page.prose)) << '\n';
  for (const CLI::Option* word : words_of(command)) put_option(out, *word);
  for (const CLI::Option* option : options_of(command)) {
    if (option->get_name() != "--help") put_option(out, *option);
  }
  if (!page.examples.empty()) out << ".PP\n.EX\n" << roff(page.examples) << "\n.EE\n";
  if (!command.get_footer().empty()) {
    out << ".PP\n.EX\n" << roff(command.get_footer()) << "\n.EE\n";
  }
  for (const CLI::App* below : visible_commands(command)) put_command(out, *below);
}

constexpr std::string_view kAround = R"(.SH EXIT STATUS
.TP
.B 0
done, or stopped as asked
.TP
.B 1
failed, and worth restarting
.TP
.B 64
the command line is wrong
.TP
.B 78
a file is wrong, or a HALT needs a person
.SH SIGNALS
.TP
.B SIGTERM, SIGINT
.B weir run
finishes the open epoch, commits and ends; a second one gives the open epoch up, which loses nothing.
.B weir daemon
has all of its jobs do so.
.TP
.B SIGHUP
.B weir daemon
reads weir.yaml and the job files anew, as
.B weir reload
does.
.TP
.B SIGUSR2
.B weir daemon
is replaced by the program on disk, and its jobs run on, as with
.BR "weir daemon \-\-upgrade" .
.SH ENVIRONMENT
.TP
.B WEIR_CONFIG
weir.yaml, where no \fB\-\-config\fR names one
.TP
.B XDG_STATE_HOME, XDG_RUNTIME_DIR
where state and sockets are kept when weir.yaml says nothing
.SH FILES
.TP
.I /etc/weir/weir.yaml
what all jobs of the machine share
.TP
.I /etc/weir/jobs.d/*.yaml
the daemon's jobs
.TP
.I /etc/weir/jobs/*.yaml
jobs of
.BR weir@ .service,
without the daemon
.TP
.I /var/lib/weir
what jobs and daemon remember; a local disk
.TP
.I /var/log/weir/JOB.log
a job's log, and nine before it
.TP
.I /run/weir/weir.sock
the daemon's API
.TP
.I /usr/share/doc/weir/config.md
every key of job files and weir.yaml
.SH SEE ALSO
.BR systemctl (1),
.BR systemd.exec (5)
)";

// Completions.

// As `case` patterns and words of a shell: each command's name, spaces as '_' for those below one.
std::string shell_words(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* below : visible_commands(command)) words.push_back(below->get_name());
  for (const CLI::Option* option : options_of(command)) {
    for (std::string& name : names_of(*option)) words.push_back(std::move(name));
  }
  return joined(words, " ");
}

std::string_view bash_action(Value value) {
  switch (value) {
    case Value::kJobName:
      return "_weir_jobs";
    case Value::kPath:
      return "_weir_files";
    case Value::kDirectory:
      return "_weir_directories";
    case Value::kOther:
      break;
  }
  return ":";
}

void put_bash_command(std::ostringstream& out, const CLI::App& command) {
  out << "    " << command.get_name() << ")\n      case \"$previous\" in\n";
  for (const CLI::Option* option : options_of(command)) {
    if (!takes_value(*option)) continue;
    out << "        " << joined(names_of(*option), " | ") << ") " << bash_action(value_of(*option))
        << "; return ;;\n";
  }
  out << "      esac\n      _weir_words '" << shell_words(command) << "'\n";
  const auto words = words_of(command);
  if (!words.empty()) out << "      " << bash_action(value_of(*words[0])) << '\n';
  out << "      ;;\n";
}

constexpr std::string_view kBashHead =
    R"sh(# weir's commands, options, files and jobs; see bash-completion.
_weir_words() { COMPREPLY+=($(compgen -W "$1" -- "$current")); }
_weir_files() {
  [[ $current == -* ]] && return
  compopt -o filenames 2>/dev/null
  COMPREPLY+=($(compgen -f -X '!*.@(yaml|yml)' -- "$current") $(compgen -d -- "$current"))
}
_weir_directories() {
  compopt -o filenames 2>/dev/null
  COMPREPLY+=($(compgen -d -- "$current"))
}
# Of the daemon, when there is one.
_weir_jobs() {
  [[ $current == -* ]] && return
  _weir_words "$(timeout 1 weir ps --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d '"' -f 4)"
}
_weir() {
  local current=${COMP_WORDS[COMP_CWORD]} restore
  restore=$(shopt -p extglob)
  shopt -s extglob
  COMPREPLY=()
  _weir_complete "${COMP_WORDS[COMP_CWORD - 1]}"
  $restore
}
_weir_complete() {
  local previous=$1
  if ((COMP_CWORD == 1)); then
    _weir_words )sh";

std::string_view zsh_action(Value value) {
  switch (value) {
    case Value::kJobName:
      return "_weir_jobs";
    case Value::kPath:
      return "_files -g \"*.(yaml|yml)(-.)\"";
    case Value::kDirectory:
      return "_files -/";
    case Value::kOther:
      break;
  }
  return " ";
}

// Within single quotes, where [, ] and : mean something.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += std::string("\\") + c;
    } else {
      out += c;
    }
  }
  return out;
}

void put_zsh_command(std::ostringstream& out, const CLI::App& command) {
  out << "      " << command.get_name() << ")\n        _arguments";
  for (const CLI::Option* option : options_of(command)) {
    for (const std::string& name : names_of(*option)) {
      out << " \\\n          '" << name << '[' << zsh_text(option->get_description()) << ']';
      if (takes_value(*option)) {
        out << ':' << zsh_text(option->get_type_name()) << ':' << zsh_action(value_of(*option));
      }
      out << '\'';
    }
  }
  const auto below = visible_commands(command);
  const auto words = words_of(command);
  if (!words.empty()) {
    const bool many = words[0]->get_items_expected_max() > 1;
    out << " \\\n          '" << (many ? "*" : "1") << ':' << zsh_text(words[0]->get_name(true))
        << ':' << zsh_action(value_of(*words[0])) << '\'';
  }
  if (!below.empty()) {
    std::vector<std::string> names;
    for (const CLI::App* each : below) names.push_back(each->get_name());
    out << " \\\n          '*:command:(" << joined(names, " ") << ")'";
  }
  out << "\n        ;;\n";
}

}  // namespace

std::string manual_page(const CLI::App& app) {
  std::ostringstream out;
  out << ".TH WEIR 1 \"\" \"weir " << kVersion << "\" \"weir\"\n.SH NAME\nweir \\- "
      << roff(app.get_description()) << "\n.SH SYNOPSIS\n.B weir\n.I COMMAND\n[OPTIONS]\n"
      << ".SH DESCRIPTION\n"
      << roff(help_page(app).prose) << "\n.PP\n.EX\n"
      << roff(help_page(app).examples) << "\n.EE\n.SH COMMANDS\n";
  for (const CLI::App* command : visible_commands(app)) put_command(out, *command);
  out << kAround;
  return out.str();
}

std::string bash_completion(const CLI::App& app) {
  std::ostringstream out;
  out << kBashHead << '\'' << shell_words(app)
      << " help'\n    return\n  fi\n  case \"${COMP_WORDS[1]}\" in\n";
  for (const CLI::App* command : visible_commands(app)) put_bash_command(out, *command);
  out << "    help) _weir_words '" << shell_words(app) << "' ;;\n  esac\n}\n"
      << "complete -F _weir weir\n";
  return out.str();
}

std::string zsh_completion(const CLI::App& app) {
  std::ostringstream out;
  out << R"sh(#compdef weir
# weir's commands, options, files and jobs.
_weir_jobs() {
  local -a names
  names=(${(f)"$(timeout 1 weir ps --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d '"' -f 4)"})
  _describe 'job' names
}
_weir() {
  local context state line
  local -a commands
  commands=(
)sh";
  for (const CLI::App* command : visible_commands(app)) {
    out << "    '" << command->get_name() << ':' << zsh_text(command->get_description()) << "'\n";
  }
  out << R"(  )
  _arguments -C '1: :->command' '*:: :->arguments'
  case $state in
    command) _describe 'command' commands ;;
    arguments) case $words[1] in
)";
  for (const CLI::App* command : visible_commands(app)) put_zsh_command(out, *command);
  out << "    esac ;;\n  esac\n}\n_weir \"$@\"\n";
  return out.str();
}

void add_generate_command(CLI::App& app, int& exit_code) {
  CLI::App* const generate =
      app.add_subcommand("generate", "what a package has beside the program");
  generate->group("");
  generate->require_subcommand(1);
  for (const auto& [name, make] :
       {std::pair("man", &manual_page), std::pair("bash", &bash_completion),
        std::pair("zsh", &zsh_completion)}) {
    // Hidden as it is, `weir generate` alone says which there are.
    generate->add_subcommand(name, "")->group("Files")->callback([&app, &exit_code, make = make] {
      std::fputs(make(app).c_str(), stdout);
      exit_code = kExitDone;
    });
  }
}

}  // namespace weir
