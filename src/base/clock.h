#pragma once

#include <chrono>

namespace weir {

/// Wall time: microseconds since 1970-01-01T00:00:00Z.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
/// Monotonic time of this process, for deadlines and intervals; never stored.
using MonoTime = std::chrono::steady_clock::time_point;

/// Where time comes in; the simulator brings its own.
///
/// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonoTime mono() const = 0;
};

/// The machine's clocks. Thread: any, immutable.
class SystemClock final : public Clock {
 public:
  WallTime wall() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
  MonoTime mono() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace weir
