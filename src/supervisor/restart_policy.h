#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "spec/weir_config.h"

namespace weir {

/// The failures of a job that still count; kept by the daemon's store, so that a daemon that dies
/// forgets none. A value.
struct RestartHistory {
  std::vector<WallTime> failures;  ///< oldest first
  std::uint32_t streak = 0;        ///< since a process of the job last ran longer than the window

  bool operator==(const RestartHistory&) const = default;
};

/// Notes that a process of the job failed at `now` after it ran for `ran`. Returns how long the
/// next start has to wait; nothing when the job is FAILED, with max_attempts failures in its
/// window.
///
/// The pause is `initial` x 2^(streak - 1), at most `max`, and a fifth more or less by `jitter`
/// (uniform in [0, 1)), so that jobs which failed together do not come back together.
///
/// Failures are told by wall time, since they outlive the daemon: move_failures() keeps them right
/// while it runs. Over its restarts, one that seems to lie ahead counts as one of now, and a clock
/// set forward lets failures go early. Pure.
std::optional<std::chrono::microseconds> on_failure(RestartHistory& history,
                                                    const RestartSpec& policy, WallTime now,
                                                    std::chrono::microseconds ran, double jitter);

/// Forgets failures that have left the window. Returns how many are left. Pure.
std::uint32_t failures_in_window(RestartHistory& history, const RestartSpec& policy, WallTime now);

/// The wall clock was set by `by`, forward or back: the failures are as long ago as before. Pure.
void move_failures(RestartHistory& history, std::chrono::microseconds by);

}  // namespace weir
