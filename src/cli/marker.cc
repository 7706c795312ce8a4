#include "cli/marker.h"

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

int with_marker(const MarkerFlags& flags, Act act) {
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
    made->add_option("JOB", flags->job, "the job file")->required();
    made->add_flag("--json", flags->json, "as a JSON object");
    add_config_options(*made, *flags);
    made->callback([flags, act, &exit_code] { exit_code = with_marker(*flags, act); });
  };
  add("status", "print exists, gone or unknown, and which marker", &status);
  add("create", "make it, so that a job that requires it can start", &create);
  add("delete", "delete it: the job stops gracefully, or does not start", &remove);
}

}  // namespace weir
