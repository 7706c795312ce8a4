#include "cli/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string_view>

#include "cli/usage.h"

namespace weir {
namespace {

struct Page {
  std::string_view command;  ///< "" is weir itself
  std::string_view prose;
  std::string_view examples;
};

constexpr Page kPages[] = {
    {"",
     "weir reads Kafka topics, filters and computes, and writes Kafka topics. A job is one YAML\n"
     "file; each record counts exactly once, whatever is killed meanwhile.",
     "  weir check config/late-departures.yaml    what is wrong with it?\n"
     "  weir plan config/late-departures.yaml     what would it do?\n"
     "  weir run config/late-departures.yaml      do it\n"
     "  weir explain W2104                        what does that code mean?"},
    {"run",
     "Runs a job until it has read its bounded sources, is stopped, or fails. SIGTERM and Ctrl-C\n"
     "finish the open epoch, commit and exit 0, as does deleting the job's marker; a second "
     "signal\n"
     "drops the open epoch, which loses nothing either. Logs go to stderr; on a terminal a status\n"
     "line stands below them.",
     "  weir run job.yaml\n"
     "  weir run job.yaml --param limit=90 --state-dir /var/lib/weir\n"
     "  weir run job.yaml --takeover              on the machine that the job was moved to"},
    {"check",
     "Finds every mistake that can be found without starting anything, all at once, each with its\n"
     "place, its code and what to do. A directory stands for the *.yaml and *.yml in it; a\n"
     "weir.yaml is checked as one. Two jobs with one identity are a mistake too.",
     "  weir check job.yaml\n"
     "  weir check /etc/weir/jobs.d --config /etc/weir/weir.yaml"},
    {"plan", "Shows what a job would read, decode, do, write and promise, without starting it.",
     "  weir plan job.yaml\n"
     "  weir plan job.yaml --param limit=90\n"
     "  weir plan --reload                        which jobs would `weir reload` start or stop?"},
    {"daemon",
     "Runs each *.yaml of weir.yaml's jobs_dir in a process of its own, starts again what fails,\n"
     "and ends when it is told to and the last job has drained. It is what systemd's weir.service\n"
     "runs; the commands from ps to logs talk to it. --upgrade has the daemon that runs replace\n"
     "itself by the program on disk: its jobs run on, and each is moved by its next restart.",
     "  weir daemon --config weir.yaml\n"
     "  weir daemon --upgrade && weir restart --all --parallel 4"},
    {"ps",
     "Shows the daemon's jobs: their state, since when, failures, and what is wrong with them or\n"
     "with the files of jobs_dir.",
     "  weir ps\n"
     "  weir ps --json | jq -r '.jobs[] | select(.state == \"failed\") | .name'"},
    {"start",
     "Starts a job that was stopped, has halted or has failed, makes its marker again, and waits\n"
     "until it runs. Its failures are forgotten.",
     "  weir start late-departures"},
    {"stop",
     "Has a job finish its open epoch, commit and end, and waits for it. It stays stopped over\n"
     "restarts of the daemon, until `weir start`.",
     "  weir stop late-departures"},
    {"restart", "Has a job drain and starts it again, by the program that is on disk by then.",
     "  weir restart late-departures\n"
     "  weir restart --all --parallel 4"},
    {"reload",
     "Reads weir.yaml and the files of jobs_dir anew: new jobs start, removed ones drain and end,\n"
     "changed ones are restarted. A file with a mistake changes nothing, and says so.",
     "  weir reload --dry-run\n"
     "  weir reload"},
    {"lag",
     "Shows how far a running job has read in each partition, and how many records are left.",
     "  weir lag late-departures"},
    {"offsets",
     "Shows what a job goes on from: its positions, its cell, its group, and what the next start\n"
     "would do; or mends them, when the job has halted. HALT messages name the command to give.",
     "  weir offsets job.yaml\n"
     "  weir offsets job.yaml adopt\n"
     "  weir offsets job.yaml seek flights/flights/0=earliest"},
    {"marker",
     "Looks at the marker of a job file's `stop.marker`, makes it or deletes it, wherever it is.\n"
     "A job needs to see it gone twice, so it stops after one or two of its checks. The exit code\n"
     "is 1 when it cannot be told whether the marker is there.",
     "  weir marker status job.yaml\n"
     "  weir marker delete late-departures        one of the daemon's jobs"},
    {"top",
     "Shows the daemon's jobs on the terminal, drawn anew each second: those that need a person\n"
     "first, then those that are furthest behind. IN/S and OUT/S are rows that were committed\n"
     "since the second before, AGE is for how long something has waited for its commit, 0 when\n"
     "nothing does. q or Ctrl-C ends it. Into a file or a pipe it is one table, as with --once.",
     "  weir top\n"
     "  weir top --json | jq '.jobs[] | {name, lag: .process.lagRecords}'"},
    {"logs",
     "Prints the end of a job's log, as the daemon keeps it over restarts. With --json each line\n"
     "is an object: itself where weir.yaml has `log: { format: json }`, else one with its text\n"
     "under \"message\".",
     "  weir logs -f late-departures\n"
     "  weir logs -n 1000 late-departures"},
    {"eval",
     "Prints what an expression, or a select list, makes of each JSON object on standard input:\n"
     "a line each, as JSON. An expression without columns is printed once, and nothing is read.\n"
     "Without --schema the first 100 objects say what columns there are: whole numbers are\n"
     "bigint, others numeric, strings text, objects and arrays jsonb, as are fields of several\n"
     "kinds. Columns such as _offset, from 0, are there as well. Lines that fail are named on\n"
     "stderr, the others are printed, and the exit code is 1.",
     "  weir eval \"date_trunc('month', timestamp '2026-11-22 10:40')\"\n"
     "  weir eval \"a + 1\" < rows.ndjson\n"
     "  weir eval --schema \"ts timestamptz\" \"ts + interval '1 day' AS due\" < rows.ndjson"},
    {"explain",
     "Prints cause and cure of a code that a message carries, or of a HALT by its name. Without\n"
     "one it lists them all.",
     "  weir explain W2104\n"
     "  weir explain other_owner\n"
     "  weir explain | less"},
    {"version", "Prints the versions of weir and of the libraries it runs with.", ""},
};

constexpr std::string_view kExitCodes =
    "Exit codes:\n"
    "  0   done, or stopped as asked\n"
    "  1   failed, and worth restarting\n"
    "  64  the command line is wrong\n"
    "  78  a file is wrong, or a HALT needs a person";

const Page* page_of(const CLI::App& app) {
  const std::string_view name = app.get_parent() == nullptr ? std::string_view{} : app.get_name();
  const bool nested = app.get_parent() != nullptr && app.get_parent()->get_parent() != nullptr;
  const Page* const found = std::find_if(std::begin(kPages), std::end(kPages),
                                         [&](const Page& page) { return page.command == name; });
  return nested || found == std::end(kPages) ? nullptr : found;
}

// Two columns; what is longer than the second goes on below itself.
void put_row(std::ostringstream& out, const std::string& left, const std::string& right) {
  constexpr std::size_t kLeft = 22;
  constexpr std::size_t kRight = 70;
  out << "  " << left;
  std::size_t at = left.size();
  if (at + 2 > kLeft) {
    out << '\n' << "  ";
    at = 0;
  }
  std::istringstream words(right);
  std::size_t used = kRight + 1;
  bool first = true;
  for (std::string word; words >> word;) {
    if (used + 1 + word.size() > kRight) {
      if (!first) out << "\n  ";
      out << std::string(kLeft - (first ? at : 0), ' ');
      used = 0;
    } else {
      out << ' ';
      ++used;
    }
    out << word;
    used += word.size();
    first = false;
  }
  out << '\n';
}

class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string /*name*/,
                        CLI::AppFormatMode /*mode*/) const override {
    std::ostringstream out;
    const Page* const page = page_of(*app);
    const auto options = app->get_options(
        [](const CLI::Option* o) { return o->nonpositional() && !o->get_group().empty(); });
    const auto words = app->get_options([](const CLI::Option* o) { return o->get_positional(); });
    const auto commands = visible_commands(*app);

    out << name_of(*app) << ": " << app->get_description() << "\n\nUsage: " << name_of(*app);
    for (const CLI::Option* word : words) out << ' ' << usage_of(*word);
    if (!commands.empty())
      out << (app->get_require_subcommand_min() > 0 ? " COMMAND" : " [COMMAND]");
    if (!options.empty()) out << " [OPTIONS]";
    out << '\n';
    if (page != nullptr && !page->prose.empty()) out << '\n' << page->prose << '\n';
    if (!commands.empty()) {
      out << "\nCommands:\n";
      for (const CLI::App* command : commands) {
        put_row(out, command->get_name(), command->get_description());
      }
    }
    rows(out, "Takes", words);
    rows(out, "Options", options);
    if (page != nullptr && !page->examples.empty())
      out << "\nExamples:\n" << page->examples << '\n';
    if (!app->get_footer().empty()) out << '\n' << app->get_footer() << '\n';
    if (page == nullptr || (page->command != "version" && page->command != "explain")) {
      out << '\n' << kExitCodes << '\n';
    }
    if (app->get_parent() == nullptr) out << "\nweir COMMAND --help says more about each.\n";
    return out.str();
  }

 private:
  static std::string usage_of(const CLI::Option& word) {
    const std::string name = word.get_name(true) + (word.get_items_expected_max() > 1 ? "..." : "");
    return word.get_required() ? name : "[" + name + "]";
  }

  static void rows(std::ostringstream& out, const char* title,
                   const std::vector<const CLI::Option*>& options) {
    if (options.empty()) return;
    out << '\n' << title << ":\n";
    for (const CLI::Option* option : options) {
      std::string name = option->get_name(option->get_positional(), true);
      std::replace(name.begin(), name.end(), ',', ' ');
      const bool takes_value = option->nonpositional() && option->get_type_size() != 0;
      if (takes_value) name += " " + option->get_type_name();
      put_row(out, name, option->get_description());
    }
  }
};

}  // namespace

HelpPage help_page(const CLI::App& app) {
  const Page* const page = page_of(app);
  return page == nullptr ? HelpPage{} : HelpPage{page->prose, page->examples};
}

std::shared_ptr<CLI::FormatterBase> make_help_formatter() {
  return std::make_shared<HelpFormatter>();
}

}  // namespace weir
