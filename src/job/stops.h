#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "engine/lane.h"

namespace weir {

/// What asks a job's process to stop, signals and the marker, meets its lane here: whoever asks
/// first drains it, however many ask. Only a second signal gives the open epoch up, and a third
/// leaves at once; before the lane runs there is nothing to give up, and a second one leaves.
///
/// One per process, as signal handlers are. Thread: any, but what says main.

/// Catches SIGTERM and SIGINT, ignores SIGPIPE and SIGXFSZ. Once, before the rest. Thread: main.
/// Errors: kStopJob when the process is out of file descriptors.
Result<> catch_stops();

void ask_for_stop();
bool stop_was_asked();

/// Blocks until a stop was asked for, wake_starter() was called, or `timeout` has passed (forever
/// without one). Thread: main.
void wait_for_stop_or_wake(std::optional<std::chrono::milliseconds> timeout = std::nullopt);
void wake_starter();

/// From now on stops reach `lane`, those of before too. Thread: main.
void attach_stops(Lane& lane);
/// Thread: main.
void detach_stops();

}  // namespace weir
