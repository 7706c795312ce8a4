#pragma once

#include <optional>

#include "base/clock.h"

namespace weir {

/// What one check says about the marker (job-file.md, "The marker").
enum class MarkerVerdict : unsigned char {
  kExists,
  kGone,     ///< a positive "not found", with the directory it belongs in there at the same check
  kUnknown,  ///< everything else: the job runs on
};

/// `at_start:` of a marker.
enum class MarkerAtStart : unsigned char { kCreate, kRequire };

enum class MarkerStep : unsigned char {
  kHold,    ///< what was not started stays so; look again at the next check
  kRun,     ///< start, or run on
  kCreate,  ///< make the marker now, and say so by on_created()
  kStop,    ///< the stop was asked for
  kRefuse,  ///< it is required, and not there
};

/// From the verdicts of checks to what follows. GONE counts when it was said twice, at least one
/// check apart and without another word between, of a marker that was seen in this run or made by
/// an earlier one that did not stop: of the latter, GONE is the stop asked for while nothing ran.
///
///   `create`:  runs at EXISTS, at UNKNOWN, and once it was tried to make it; holds while a
///              marker of before may be gone
///   `require`: runs at EXISTS only; GONE is refused
///
/// Owned by the marker's task. Thread: that task's.
class MarkerRules {
 public:
  /// `made_before`: a run before made or found it, and did not stop.
  MarkerRules(MarkerAtStart at_start, bool made_before, std::chrono::microseconds check_every)
      : at_start_(at_start), made_before_(made_before), check_every_(check_every) {}

  MarkerStep on_check(MarkerVerdict verdict, MonoTime now);
  /// After kCreate: true when it is there now, made or found.
  MarkerStep on_created(bool there);

  /// In this run.
  bool seen() const { return seen_; }
  /// kRun was said.
  bool started() const { return started_; }

 private:
  MarkerStep run();

  const MarkerAtStart at_start_;
  const bool made_before_;
  const std::chrono::microseconds check_every_;
  bool seen_ = false;
  bool started_ = false;
  std::optional<MonoTime> gone_since_;  // the first GONE of those without another word between
};

}  // namespace weir
