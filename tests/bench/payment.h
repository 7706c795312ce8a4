#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace weir::bench {

/// The benchmarks' input: payments of 195 bytes of JSON (performance.md), the same in every run.
/// Record i has event time base + i ms, one of 10,000 merchants, and is settled in four of five
/// cases. Thread: any; pure functions.

// SplitMix64: the same numbers everywhere, without a state to carry.
inline std::uint64_t scramble(std::uint64_t i) {
  i += 0x9e3779b97f4a7c15;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
  i = (i ^ (i >> 27)) * 0x94d049bb133111eb;
  return i ^ (i >> 31);
}

// 2026-11-22T10:40:00.000Z and `i` ms; a benchmark stays within some days.
inline std::string event_time(std::int64_t i) {
  const std::int64_t ms = (10 * 3600 + 40 * 60) * std::int64_t{1000} + i;
  const auto day = static_cast<int>(22 + ms / 86'400'000);
  const auto rest = static_cast<int>(ms % 86'400'000);
  char text[40];
  std::snprintf(text, sizeof text, "2026-11-%02dT%02d:%02d:%02d.%03dZ", day, rest / 3'600'000,
                rest / 60'000 % 60, rest / 1000 % 60, rest % 1000);
  return text;
}

/// Record `i`.
inline std::string payment(std::int64_t i) {
  const std::uint64_t dice = scramble(static_cast<std::uint64_t>(i));
  const bool settled = dice % 5 != 0;
  char text[400];
  const int size = std::snprintf(
      text, sizeof text,
      R"({"payment_id":"p-%09lld","merchant_id":%d,"amount":%d.%02d,"currency":"EUR","status":"%s",)"
      R"("ts":"%s","meta":{"channel":"app","test":"false"},"note":"order %08d"})",
      static_cast<long long>(i), static_cast<int>(dice / 5 % 10'000),
      static_cast<int>(dice / 50'000 % 1000), static_cast<int>(dice / 50'000'000 % 100),
      settled ? "settled" : "refused", event_time(i).c_str(),
      static_cast<int>(dice / 5'000'000'000 % 100'000'000));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace weir::bench
