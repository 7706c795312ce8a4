#include "cli/marker.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "api/json_text.h"
#include "base/clock.h"
#include "cli/job_options.h"
#include "cli/load_job.h"
#include "job/marker.h"
#include "job/run.h"
#include "spec/directories.h"
#include "supervisor/control.h"
#include "supervisor/job_text.h"
#include "supervisor/jobs_directory.h"

namespace weir {
namespace {

int fail(const std::string& text, int code) {
  std::fprintf(stderr, "weir marker: %s\n", text.c_str());
  return code;
}

// What is so now, or was done.
class Said {
 public:
  Said(std::string name, bool json) : name_(std::move(name)), json_(json) {}

  int operator()(const std::string& word) const {
    if (!json_) {
      std::printf("%s %s\n", word.c_str(), name_.c_str());
    } else {
      JsonWriter out;
      out.begin_map().key("marker").text(name_).key("state").text(word).end_map();
      std::printf("%s\n", out.take().c_str());
    }
    return kExitDone;
  }

 private:
  const std::string name_;
  const bool json_;
};

int status(const MarkerCheck& seen, MarkerPlace& place, const Said& say) {
  switch (seen.verdict) {
    case MarkerVerdict::kExists:
      return say("exists");
    case MarkerVerdict::kGone:
      return say("gone");
    case MarkerVerdict::kUnknown:
      break;
  }
  say("unknown");
  return fail("whether " + place.name() + " is there cannot be told: " + seen.why, kExitFailed);
}

int create(const MarkerCheck& seen, MarkerPlace& place, const Said& say) {
  if (seen.verdict == MarkerVerdict::kExists) return say("exists");
  if (const Result<> made = place.create(); !made) {
    return fail(place.name() + " cannot be made: " + made.error().message(), kExitFailed);
  }
  return say("made");
}

int remove(const MarkerCheck& /*seen*/, MarkerPlace& place, const Said& say) {
  const Result<bool> removed = place.remove();
  if (!removed) {
    return fail(place.name() + " cannot be deleted: " + removed.error().message(), kExitFailed);
  }
  return say(*removed ? "deleted" : "gone");
}

using Act = int (*)(const MarkerCheck& seen, MarkerPlace& place, const Said& say);

struct MarkerFlags : JobFlags {
  bool json = false;
};

// A job of weir.yaml's jobs_dir may be named in the place of its file. Empty, and said why, when
// there is none.
std::string file_of(const JobFlags& flags) {
  const bool is_file = flags.job.find('/') != std::string::npos || flags.job.ends_with(".yaml") ||
                       flags.job.ends_with(".yml") || access(flags.job.c_str(), F_OK) == 0;
  if (is_file) return flags.job;
  Diagnostics mistakes;
  const auto config = load_config(flags, mistakes);
  if (!config) {
    std::fputs(mistakes.render().c_str(), stderr);
    return {};
  }
  const std::string directory = directories_of(*config, flags.state_dir).jobs;
  std::vector<std::string> names;
  if (!directory.empty()) {
    const Result<std::vector<FoundFile>> found = read_jobs_directory(directory);
    if (!found) {
      fail(found.error().message(), kExitConfig);
      return {};
    }
    for (const FoundFile& file : *found) {
      names.push_back(read_job_text(file.path, file.text, *config).name);
      if (names.back() == flags.job) return file.path;
    }
  }
  fail(unknown_job_text(flags.job, names) + (directory.empty()
                                                 ? "; without a weir.yaml it is named by its file"
                                                 : " in " + directory),
       kExitConfig);
  return {};
}

int with_marker(const MarkerFlags& flags, Act act) {
  const std::string file = file_of(flags);
  if (file.empty()) return kExitConfig;
  const LoadedJob loaded = load_job(flags, file);
  if (const int code = report(loaded); code != kExitDone) return code;
  const MarkerSpec& marker = loaded.job->marker;
  if (marker.kind == MarkerKind::kNone) {
    return fail("the job has no marker; it is `stop: { marker: { path: ... } }` of the job file",
                kExitConfig);
  }
  const SystemClock clock;
  const auto place = make_marker_place(marker, clock);
  if (!place) return fail(place.error().message(), kExitConfig);
  const MarkerCheck seen = (*place)->check();
  if (seen.unusable) {
    return fail(to_string(Code::kMarkerUnusable) + ": " + (*place)->name() + ": " + seen.why,
                kExitConfig);
  }
  return act(seen, **place, Said((*place)->name(), flags.json));
}

}  // namespace

void add_marker_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("marker", "look at a job's marker, make it, delete it");
  command->require_subcommand(1);
  // CLI11 keeps references into it until the callbacks have run.
  const auto flags = std::make_shared<MarkerFlags>();
  const auto add = [&](const char* name, const char* help, Act act) {
    CLI::App* const made = command->add_subcommand(name, help);
    made->add_option("JOB", flags->job, "the job file, or the name of one of the daemon's jobs")
        ->required();
    made->add_flag("--json", flags->json, "as a JSON object");
    add_config_options(*made, *flags);
    made->callback([flags, act, &exit_code] { exit_code = with_marker(*flags, act); });
  };
  add("status", "print exists, gone or unknown, and which marker", &status);
  add("create", "make it, so that a job that requires it can start", &create);
  add("delete", "delete it: the job stops gracefully, or does not start", &remove);
}

}  // namespace weir
