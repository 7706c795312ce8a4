#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "engine/lane.h"

namespace weir {

/// What the log says of a lane that runs and that nobody watches on a terminal: a line a minute
/// while there is something to tell, and none while it is idle.
///
/// Owned by the lane. Thread: the lane's.
class ProgressReports {
 public:
  static constexpr std::chrono::seconds kEvery{60};

  /// The first line is due a minute after `started`.
  explicit ProgressReports(MonoTime started) : said_at_(started) {}

  /// When report() may have something to tell; never while nothing was committed since it did.
  MonoTime due(const LaneStatus& status) const;
  /// What was committed since the line before, all of its counts alike, and how far behind the lane
  /// is now; nothing before it is due.
  std::optional<std::string> report(const LaneStatus& status, MonoTime now);

 private:
  bool has_news(const LaneStatus& status) const { return status.epochs != said_.epochs; }

  MonoTime said_at_;
  LaneStatus said_;  // as of then
};

}  // namespace weir
