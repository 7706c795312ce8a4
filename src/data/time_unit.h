#pragma once

#include <optional>
#include <string_view>

namespace weir {

/// The units of time that extract, date_trunc and intervals speak of.
enum class TimeUnit : unsigned char {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  // Only of extract:
  kDayOfWeek,
  kIsoDayOfWeek,
  kDayOfYear,
  kIsoYear,
  kJulian,
  kEpoch,
  kZone,  ///< of UTC: always 0
};

/// By one of PostgreSQL's words for it, in any case: `hour`, `hours`, `hr`, `h`.
std::optional<TimeUnit> find_time_unit(std::string_view name);

}  // namespace weir
