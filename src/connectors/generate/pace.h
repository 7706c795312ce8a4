#pragma once

#include <chrono>
#include <cstdint>

namespace weir::generate {

/// How fast records come: `records` of them evenly in `per`, the first at once.
struct Pace {
  std::int64_t records = 1;
  std::chrono::nanoseconds per{std::chrono::seconds(1)};

  static Pace every(std::chrono::nanoseconds period) { return {1, period}; }
  /// Exact to a millionth of a record per second.
  static Pace rate(double records_per_second);

  /// How many are due when `elapsed` has passed.
  std::int64_t due(std::chrono::nanoseconds elapsed) const;
  /// When record `index`, from 0, is due.
  std::chrono::nanoseconds due_at(std::int64_t index) const;
};

}  // namespace weir::generate
