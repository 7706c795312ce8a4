#include "cli/offsets.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <string>

#include "base/log.h"
#include "cli/job_options.h"
#include "cli/load_job.h"
#include "cli/offsets_text.h"
#include "job/offsets.h"
#include "job/run.h"
#include "spec/directories.h"

namespace weir {
namespace {

struct OffsetsFlags : JobFlags {
  bool takeover = false;
  bool yes = false;
  bool json = false;
  bool dump = false;
  bool committed = false, not_committed = false, trust_local = false, trust_decider = false;
  std::vector<std::string> words;  // of seek and skip
};

constexpr const char* kFooter =
    "Which HALT needs which:\n"
    "  foreign_offsets, positions_expired   adopt or restore\n"
    "  identity_lost                        adopt\n"
    "  decider_regressed                    decide --trust-local or --trust-decider\n"
    "  in_doubt                             decide --committed or --not-committed\n"
    "  data_loss, source_rewritten          seek\n"
    "  poison_record, poison_epoch          skip\n"
    "  two_writers, bug, corrupt_store,\n"
    "  state_lost                           reset\n"
    "Every command but show needs the job stopped, says in numbers what it will do, and asks.";

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

int fail(const std::string& text, int code) {
  std::fflush(stdout);
  std::fprintf(stderr, "weir offsets: %s\n", text.c_str());
  return code;
}

int fail(const Error& error) {
  std::string text = error.message();
  if (error.action() == Action::kHalt) {
    text = "HALT " + std::string(code_name(error.code())) + " (" + to_string(error.code()) +
           "): " + text;
  } else if (error.code() != Code::kNone) {
    text = to_string(error.code()) + ": " + text;
  }
  return fail(text, exit_code_of(error));
}

// Loads the job and opens what the command works with.
class Command {
 public:
  explicit Command(const OffsetsFlags& flags) : flags_(flags) {}

  int show() {
    if (flags_.json && flags_.dump) return fail("--json and --dump are two ways to show", 64);
    if (const int code = load(); code != kExitDone) return code;
    const auto offsets = Offsets::look(*loaded_.job, *loaded_.plan, options());
    if (!offsets) return fail(offsets.error());
    const LaneView view = (*offsets)->view();
    print(flags_.json ? show_json(view) : flags_.dump ? show_dump(view) : show_text(view));
    return view.unreachable.empty() ? kExitDone : kExitFailed;
  }

  int mend(MendKind kind) {
    const std::string name(to_string(kind));
    if (!flags_.yes && isatty(STDIN_FILENO) == 0) {
      return fail(
          name +
              " changes what the job goes on from, and there is no terminal to ask on; look "
              "with\n  weir offsets " +
              job_words(flags_) + " show\nand give the command again with --yes",
          kExitUsage);
    }
    if (const int code = load(); code != kExitDone) return code;
    auto opened = Offsets::open(*loaded_.job, *loaded_.plan, options());
    if (!opened) return fail(opened.error());
    Offsets& offsets = **opened;
    MendRequest request{.kind = kind, .seeks = {}, .skips = {}, .attempt = {}};
    if (const Result<> read = offsets.read_words(request, flags_.words); !read) {
      return fail(read.error().message(), kExitUsage);
    }
    const Result<Mend> mend = offsets.decide(request);
    if (!mend) return fail(mend.error());
    switch (mend->verdict) {
      case MendVerdict::kNothingToDo:
        print(mend->text + "\n");
        return kExitDone;
      case MendVerdict::kRefused:
        return fail(mend->text, offsets.outlook().halts() ? kExitConfig : kExitUsage);
      case MendVerdict::kDo:
        break;
    }
    print(mend_text(request, *mend, offsets.outlook(), offsets.math()));
    if (!flags_.yes && !agreed()) return fail("nothing was changed", kExitFailed);
    return carry_out(offsets, *mend);
  }

 private:
  int load() {
    loaded_ = load_job(flags_, flags_.job);
    if (const int code = report(loaded_); code != kExitDone) return code;
    // What librdkafka says on the way is no part of the answer, unless it is a warning.
    LogOptions log = loaded_.config.log;
    if (log.level == LogLevel::kInfo) log.level = LogLevel::kWarn;
    init_log(log);
    set_log_context({.job = loaded_.job->identity(), .lane = "0", .epoch = {}});
    state_dir_ = directories_of(loaded_.config, flags_.state_dir).state;
    if (state_dir_.empty()) {
      return fail("no state directory: set HOME, or name one with --state-dir", kExitConfig);
    }
    return kExitDone;
  }

  OffsetsOptions options() const {
    return {.job_file = job_words(flags_),
            .state_dir = state_dir_,
            .instance = loaded_.config.instance,
            .takeover = flags_.takeover};
  }

  static bool agreed() {
    std::fputs("Go on? [y/N] ", stderr);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
  }

  int carry_out(Offsets& offsets, const Mend& mend) const {
    const Result<Outlook> next = offsets.carry_out(mend);
    if (!next) {
      const int code = fail(next.error());
      std::fputs("The same command again finishes what was begun.\n", stderr);
      return code;
    }
    if (!offsets.put_aside().empty()) {
      print("the damaged store is kept as " + offsets.put_aside() + "\n");
    }
    print("done. The next start: " + next_start_text(*next));
    if (!next->halts()) print("  weir run " + job_words(flags_) + "\n");
    return kExitDone;
  }

  const OffsetsFlags& flags_;
  LoadedJob loaded_;
  std::string state_dir_;
};

void add_common(CLI::App& command, OffsetsFlags& flags) {
  add_job_options(command, flags);
  command.add_flag("--yes,-y", flags.yes, "do not ask");
  command.add_flag("--takeover", flags.takeover,
                   "also when another machine ran the job last; it must be stopped for good");
}

void add_show_flags(CLI::App& command, OffsetsFlags& flags) {
  command.add_flag("--json", flags.json, "show as one JSON object");
  command.add_flag("--dump", flags.dump, "show everything as it was read, for a report");
}

int decide(const OffsetsFlags& flags) {
  const int given = int{flags.committed} + int{flags.not_committed} + int{flags.trust_local} +
                    int{flags.trust_decider};
  if (given != 1) {
    return fail(
        "decide takes exactly one of --committed, --not-committed, --trust-local and "
        "--trust-decider",
        kExitUsage);
  }
  return Command(flags).mend(flags.committed       ? MendKind::kCommitted
                             : flags.not_committed ? MendKind::kNotCommitted
                             : flags.trust_local   ? MendKind::kTrustLocal
                                                   : MendKind::kTrustDecider);
}

}  // namespace

void add_offsets_command(CLI::App& app, int& exit_code) {
  // CLI11 keeps references into it until the callbacks have run.
  const auto flags = std::make_shared<OffsetsFlags>();
  CLI::App* const command =
      app.add_subcommand("offsets", "look at the positions that a job keeps, and mend them");
  command->footer(kFooter);
  command->require_subcommand(0, 1);
  add_common(*command, *flags);
  add_show_flags(*command, *flags);
  const auto add = [&](const char* name, const char* help) {
    CLI::App* const made = command->add_subcommand(name, help);
    // So that options may stand behind it as well as before it.
    made->fallthrough();
    return made;
  };
  // CLI11 calls a subcommand back before its command, which alone knows all that was given.
  const auto chosen = std::make_shared<std::function<int()>>();
  const auto mends = [&](CLI::App* made, MendKind kind) {
    made->callback(
        [flags, chosen, kind] { *chosen = [flags, kind] { return Command(*flags).mend(kind); }; });
  };
  add_show_flags(*add("show", "show positions, cell and group, and what the next start would do"),
                 *flags);
  mends(add("adopt", "the group's offsets become the positions"), MendKind::kAdopt);
  mends(add("restore", "this job's own positions go to the group"), MendKind::kRestore);
  CLI::App* const decides = add("decide", "say what the cluster or this machine no longer knows");
  decides->add_flag("--committed", flags->committed, "in_doubt: the epoch is in the output");
  decides->add_flag("--not-committed", flags->not_committed, "in_doubt: it is not");
  decides->add_flag("--trust-local", flags->trust_local,
                    "decider_regressed: go on from this machine's record");
  decides->add_flag("--trust-decider", flags->trust_decider,
                    "decider_regressed: go on from the cell and the group");
  decides->callback([flags, chosen] { *chosen = [flags] { return decide(*flags); }; });
  CLI::App* const seeks = add("seek", "go on elsewhere in some partitions");
  seeks->add_option("WHERE", flags->words, "SOURCE/TOPIC/PARTITION=earliest, latest or an offset")
      ->required();
  mends(seeks, MendKind::kSeek);
  CLI::App* const skips = add("skip", "leave single records out");
  skips->add_option("RECORD", flags->words, "SOURCE/TOPIC/PARTITION@OFFSET")->required();
  mends(skips, MendKind::kSkip);
  mends(add("reset", "begin anew: a first start, by `start:` of the job file"), MendKind::kReset);
  command->callback([&exit_code, flags, chosen] {
    if (!*chosen) {
      exit_code = Command(*flags).show();
    } else if (flags->json || flags->dump) {
      exit_code = fail("--json and --dump are options of show", kExitUsage);
    } else {
      exit_code = (*chosen)();
    }
  });
}

}  // namespace weir
