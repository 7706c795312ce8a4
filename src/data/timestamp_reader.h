#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "data/render.h"

namespace weir {

/// parse_timestamp for a column of them. Those of a stream mostly lie in the minute of the one
/// before, written alike: then only the seconds are read, 2026-11-22T10:40:(00.000)Z.
///
/// Owned by a decoder, one per column. Thread: its worker.
class TimestampReader {
 public:
  /// As parse_timestamp.
  std::optional<std::int64_t> read(std::string_view text) {
    std::int64_t within_us = 0;
    if (!read_seconds(text, within_us)) return parse_timestamp(text);
    if (std::memcmp(text.data(), minute_.data(), minute_.size()) == 0) [[likely]]
      return minute_us_ + within_us;
    const std::optional<std::int64_t> parsed = parse_timestamp(text);
    if (parsed) {
      text.copy(minute_.data(), minute_.size());
      minute_us_ = *parsed - within_us;
    }
    return parsed;
  }

 private:
  // Of `:00Z` and `:00.000Z` behind the minute; false for anything else, a leap second too.
  bool read_seconds(std::string_view text, std::int64_t& within_us) const {
    const char* const at = text.data() + minute_.size();
    const bool millis = text.size() == minute_.size() + std::string_view(":00.000Z").size();
    if (!millis && text.size() != minute_.size() + std::string_view(":00Z").size()) return false;
    if (at[0] != ':' || text.back() != 'Z' || (millis && at[3] != '.')) return false;
    unsigned wrong = 0;
    const auto digit = [&](std::size_t place) {
      const auto value = static_cast<unsigned>(static_cast<unsigned char>(at[place])) - '0';
      wrong |= value > 9 ? 1U : 0U;
      return value;
    };
    const unsigned tens = digit(1);
    const unsigned second = tens * 10 + digit(2);
    unsigned milli = 0;
    if (millis) milli = digit(4) * 100 + digit(5) * 10 + digit(6);
    within_us = static_cast<std::int64_t>(second) * 1'000'000 + milli * std::int64_t{1000};
    return wrong == 0 && tens <= 5;
  }

  std::array<char, 16> minute_{'1', '9', '7', '0', '-', '0', '1', '-',
                               '0', '1', 'T', '0', '0', ':', '0', '0'};
  std::int64_t minute_us_ = 0;
};

}  // namespace weir
