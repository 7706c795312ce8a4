#include <fmt/format.h>

#include "base/log.h"
#include "base/units.h"
#include "marker/watch.h"

namespace weir {

MarkerTask::MarkerTask(MarkerPlace& place, const MarkerOptions& options, const Clock& clock)
    : place_(place),
      options_(options),
      clock_(clock),
      rules_(options.at_start, options.made_before.has_value(), options.check_every),
      next_(clock.mono()) {
  if (options.made_before) place.remember(*options.made_before);
}

MarkerWord MarkerTask::check() {
  const MonoTime now = clock_.mono();
  next_ = now + options_.check_every;
  const MarkerCheck check = place_.check();
  if (check.verdict == MarkerVerdict::kUnknown) ++unknown_total_;
  if (check.unusable && !rules_.started()) {
    return refuse({Action::kStopJob, Code::kMarkerUnusable,
                   fmt::format("the marker {} cannot be used: {}", place_.name(), check.why)});
  }
  return follow(rules_.on_check(check.verdict, now), check);
}

MarkerWord MarkerTask::follow(MarkerStep step, const MarkerCheck& check) {
  switch (step) {
    case MarkerStep::kCreate:
      return create();
    case MarkerStep::kHold:
      tell(check);
      return MarkerWord::kHold;
    case MarkerStep::kRun:
      tell(check);
      return run();
    case MarkerStep::kStop:
      return last(MarkerWord::kStop);
    case MarkerStep::kRefuse:
      return refuse({Action::kStopJob, Code::kMarkerMissing,
                     fmt::format("the marker {} is not there, and `at_start: require` asks for it; "
                                 "make it to start",
                                 place_.name())});
  }
  return MarkerWord::kHold;
}

MarkerWord MarkerTask::create() {
  const Result<> created = place_.create();
  const MarkerStep step = rules_.on_created(created.has_value());
  if (created) {
    log(LogLevel::kInfo,
        fmt::format("the marker {} was made; deleting it is a graceful stop", place_.name()));
    said_ = MarkerVerdict::kExists;
    return follow(step, {MarkerVerdict::kExists});
  }
  const std::string& why = created.error().message();
  if (why != why_) {
    log(LogLevel::kWarn, fmt::format("the marker {} cannot be made: {}; tried again every {}",
                                     place_.name(), why, format_duration(options_.check_every)));
    why_ = why;
  }
  return run();
}

MarkerWord MarkerTask::run() {
  if (!rules_.seen() || remembered_) return MarkerWord::kRun;
  remembered_ = true;
  if (!options_.remember) return MarkerWord::kRun;
  Result<> kept = options_.remember(place_.surroundings());
  if (!kept) return refuse(std::move(kept.error()));
  return MarkerWord::kRun;
}

MarkerWord MarkerTask::last(MarkerWord word) {
  next_ = MonoTime::max();
  return word;
}

MarkerWord MarkerTask::refuse(Error error) {
  error_ = std::move(error);
  return last(MarkerWord::kRefuse);
}

// Once for each change: a marker is looked at for months.
void MarkerTask::tell(const MarkerCheck& check) {
  const bool unknown = check.verdict == MarkerVerdict::kUnknown;
  if (unknown) ++unknown_checks_;
  if (said_ == check.verdict && (!unknown || why_ == check.why)) return;
  said_ = check.verdict;
  why_ = check.why;
  const std::string& name = place_.name();
  switch (check.verdict) {
    case MarkerVerdict::kExists:
      log(LogLevel::kInfo,
          unknown_checks_ > 0
              ? fmt::format("the marker {} is there, after {} checks that could not tell", name,
                            unknown_checks_)
              : fmt::format("the marker {} is there; deleting it is a graceful stop", name));
      break;
    case MarkerVerdict::kGone:
      log(LogLevel::kInfo, fmt::format("the marker {} is not there; a second look in {} decides",
                                       name, format_duration(options_.check_every)));
      break;
    case MarkerVerdict::kUnknown:
      log(LogLevel::kWarn,
          fmt::format("whether the marker {} is there cannot be told: {}; {}", name, check.why,
                      rules_.started() ? "running on" : "waiting"));
      break;
  }
  if (!unknown) unknown_checks_ = 0;
}

}  // namespace weir
