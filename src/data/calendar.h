#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace weir {

/// The proleptic Gregorian calendar, and the span of it that weir's dates and times lie in: the
/// years 1 to 9999. Pure functions; Thread: any.

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr std::int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
constexpr std::int64_t kMicrosPerDay = 24 * kMicrosPerHour;

struct CivilDate {
  int year = 1970;  ///< 0 is 1 BC
  unsigned month = 1;
  unsigned day = 1;
};

/// Days since 1970-01-01 and back (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
constexpr std::int64_t days_from_civil(int year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto yoe = static_cast<unsigned>(year - era * 400);
  const unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

constexpr CivilDate civil_from_days(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<unsigned>(days - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<int>(yoe) + static_cast<int>(era) * 400 + (month <= 2 ? 1 : 0), month,
          doy - (153 * mp + 2) / 5 + 1};
}

constexpr unsigned days_in_month(int year, unsigned month) {
  constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

/// Of a time in microseconds since 1970-01-01T00:00: its day, rounded down.
constexpr std::int64_t day_of_micros(std::int64_t micros) {
  const std::int64_t day = micros / kMicrosPerDay;
  return micros % kMicrosPerDay < 0 ? day - 1 : day;
}

constexpr std::int64_t kDayFirst = days_from_civil(1, 1, 1);
constexpr std::int64_t kDayEnd = days_from_civil(10'000, 1, 1);

constexpr bool is_date(std::int64_t days) { return days >= kDayFirst && days < kDayEnd; }
constexpr bool is_time(std::int64_t micros) {
  return micros >= kDayFirst * kMicrosPerDay && micros < kDayEnd * kMicrosPerDay;
}

}  // namespace weir
