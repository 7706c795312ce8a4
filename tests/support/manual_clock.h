#pragma once

#include <algorithm>

#include "base/clock.h"

namespace weir::test {

/// Time that stands still until a test moves it.
///
/// Owned by the test, outlives everything that reads it. Thread: the test's.
class ManualClock final : public Clock {
 public:
  WallTime wall() const override { return wall_; }
  MonoTime mono() const override { return mono_; }

  void advance(std::chrono::microseconds by) {
    wall_ += by;
    mono_ += by;
  }
  /// Does nothing when `time` has passed already.
  void advance_to(MonoTime time) {
    advance(std::chrono::duration_cast<std::chrono::microseconds>(
        std::max(time - mono_, MonoTime::duration::zero())));
  }
  /// Moves the wall clock alone, as a person or NTP does.
  void jump(std::chrono::microseconds by) { wall_ += by; }

 private:
  // 2026-01-01; the monotonic clock of a process does not begin at 0 either.
  WallTime wall_{std::chrono::seconds(1'767'225'600)};
  MonoTime mono_{std::chrono::hours(1)};
};

}  // namespace weir::test
