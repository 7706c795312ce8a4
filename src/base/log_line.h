#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"

namespace weir {

using LogTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// "2026-11-24T10:11:12.123Z INFO  job=clicks lane=0 epoch=7 message", without the newline.
std::string text_log_line(LogLevel level, const LogContext& context, std::string_view message,
                          LogTime at);
/// {"ts":"...","level":"info","job":"clicks","lane":"0","epoch":7,"message":"..."}
std::string json_log_line(LogLevel level, const LogContext& context, std::string_view message,
                          LogTime at);

/// Lets the same text through 10 times a minute, or as often as it was made for, and counts the
/// rest.
///
/// Thread: its owner's, under the owner's lock.
class RepeatLimit {
 public:
  static constexpr std::uint64_t kRepeatsMax = 10;
  explicit RepeatLimit(std::uint64_t repeats_max = kRepeatsMax) : repeats_max_(repeats_max) {}
  /// How many were held back before this one, or nothing when this one is.
  std::optional<std::uint64_t> admit(std::string_view message,
                                     std::chrono::steady_clock::time_point now);

 private:
  struct Window {
    std::chrono::steady_clock::time_point since;
    std::uint64_t written = 0;
    std::uint64_t held_back = 0;
  };
  // Bounded: cleared when it has seen this many different texts, which only lets more through.
  static constexpr std::size_t kTextsMax = 1000;
  const std::uint64_t repeats_max_;
  std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace weir
