#include "cli/marker.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "cli/job_options.h"
#include "cli/load_job.h"
#include "job/marker.h"
#include "job/run.h"

namespace weir {
namespace {

int fail(const std::string& text, int code) {
  std::fprintf(stderr, "weir marker: %s\n", text.c_str());
  return code;
}

int say(const std::string& word, const std::string& name) {
  std::printf("%s %s\n", word.c_str(), name.c_str());
  return kExitDone;
}

int status(const MarkerCheck& seen, MarkerPlace& place) {
  switch (seen.verdict) {
    case MarkerVerdict::kExists:
      return say("exists", place.name());
    case MarkerVerdict::kGone:
      return say("gone", place.name());
    case MarkerVerdict::kUnknown:
      break;
  }
  say("unknown", place.name());
  return fail("whether " + place.name() + " is there cannot be told: " + seen.why, kExitFailed);
}

int create(const MarkerCheck& seen, MarkerPlace& place) {
  if (seen.verdict == MarkerVerdict::kExists) return say("exists", place.name());
  if (const Result<> made = place.create(); !made) {
    return fail(place.name() + " cannot be made: " + made.error().message(), kExitFailed);
  }
  return say("made", place.name());
}

int remove(const MarkerCheck& /*seen*/, MarkerPlace& place) {
  const Result<bool> removed = place.remove();
  if (!removed) {
    return fail(place.name() + " cannot be deleted: " + removed.error().message(), kExitFailed);
  }
  return say(*removed ? "deleted" : "gone", place.name());
}

using Act = int (*)(const MarkerCheck& seen, MarkerPlace& place);

int with_marker(const JobFlags& flags, Act act) {
  const LoadedJob loaded = load_job(flags, flags.job);
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
  return act(seen, **place);
}

}  // namespace

void add_marker_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("marker", "look at a job's marker, make it, delete it");
  command->require_subcommand(1);
  // CLI11 keeps references into it until the callbacks have run.
  const auto flags = std::make_shared<JobFlags>();
  const auto add = [&](const char* name, const char* help, Act act) {
    CLI::App* const made = command->add_subcommand(name, help);
    made->add_option("JOB", flags->job, "the job file")->required();
    add_config_options(*made, *flags);
    made->callback([flags, act, &exit_code] { exit_code = with_marker(*flags, act); });
  };
  add("status", "print exists, gone or unknown, and which marker", &status);
  add("create", "make it, so that a job that requires it can start", &create);
  add("delete", "delete it: the job stops gracefully, or does not start", &remove);
}

}  // namespace weir
