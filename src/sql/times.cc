#include <array>
#include <chrono>
#include <cmath>
#include <optional>

#include "data/render.h"
#include "sql/kernel.h"

namespace weir {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kUsPerMinute = 60 * kUsPerSecond;
constexpr std::int64_t kUsPerHour = 60 * kUsPerMinute;
constexpr std::int64_t kUsPerDay = 24 * kUsPerHour;

enum class Unit : unsigned char {
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
  kEpoch,
  kZone,  // of UTC: always 0
};

struct UnitName {
  Text name;
  Unit unit;
};

// PostgreSQL's words (datetime.c), in lower case and cut to ten characters, as it compares them.
constexpr UnitName kUnits[] = {
    {"c", Unit::kCentury},
    {"cent", Unit::kCentury},
    {"centuries", Unit::kCentury},
    {"century", Unit::kCentury},
    {"d", Unit::kDay},
    {"day", Unit::kDay},
    {"days", Unit::kDay},
    {"dec", Unit::kDecade},
    {"decade", Unit::kDecade},
    {"decades", Unit::kDecade},
    {"decs", Unit::kDecade},
    {"dow", Unit::kDayOfWeek},
    {"doy", Unit::kDayOfYear},
    {"epoch", Unit::kEpoch},
    {"h", Unit::kHour},
    {"hour", Unit::kHour},
    {"hours", Unit::kHour},
    {"hr", Unit::kHour},
    {"hrs", Unit::kHour},
    {"isodow", Unit::kIsoDayOfWeek},
    {"isoyear", Unit::kIsoYear},
    {"m", Unit::kMinute},
    {"microsecon", Unit::kMicrosecond},
    {"mil", Unit::kMillennium},
    {"millennia", Unit::kMillennium},
    {"millennium", Unit::kMillennium},
    {"millisecon", Unit::kMillisecond},
    {"mils", Unit::kMillennium},
    {"min", Unit::kMinute},
    {"mins", Unit::kMinute},
    {"minute", Unit::kMinute},
    {"minutes", Unit::kMinute},
    {"mon", Unit::kMonth},
    {"mons", Unit::kMonth},
    {"month", Unit::kMonth},
    {"months", Unit::kMonth},
    {"ms", Unit::kMillisecond},
    {"msec", Unit::kMillisecond},
    {"mseconds", Unit::kMillisecond},
    {"msecs", Unit::kMillisecond},
    {"qtr", Unit::kQuarter},
    {"quarter", Unit::kQuarter},
    {"s", Unit::kSecond},
    {"sec", Unit::kSecond},
    {"second", Unit::kSecond},
    {"seconds", Unit::kSecond},
    {"secs", Unit::kSecond},
    {"timezone", Unit::kZone},
    {"timezone_h", Unit::kZone},
    {"timezone_m", Unit::kZone},
    {"us", Unit::kMicrosecond},
    {"usec", Unit::kMicrosecond},
    {"useconds", Unit::kMicrosecond},
    {"usecs", Unit::kMicrosecond},
    {"w", Unit::kWeek},
    {"week", Unit::kWeek},
    {"weeks", Unit::kWeek},
    {"y", Unit::kYear},
    {"year", Unit::kYear},
    {"years", Unit::kYear},
    {"yr", Unit::kYear},
    {"yrs", Unit::kYear},
};

std::optional<Unit> unit_of(Arena& arena, Text name) {
  const Text cut = lower_case(arena, name).substr(0, 10);
  for (const UnitName& unit : kUnits) {
    if (unit.name == cut) return unit.unit;
  }
  return std::nullopt;
}

std::int64_t floor_to(std::int64_t time, std::int64_t unit) {
  return time - ((time % unit) + unit) % unit;
}

using Day = std::chrono::sys_days;
Day day_of(std::int64_t time) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(time)));
}
std::int64_t begin_of(Day day) { return day.time_since_epoch().count() * kUsPerDay; }
Day first_of(int year, unsigned month) {
  return std::chrono::year(year) / std::chrono::month(month) / 1;
}

// The Thursday of a day's week: ISO counts a week to the year that holds it.
Day thursday_of(Day day) {
  const unsigned weekday = std::chrono::weekday(day).iso_encoding();
  return day + std::chrono::days(4 - static_cast<int>(weekday));
}

// The first year of the span that holds `year`; spans begin at `start`, such as 1 for centuries.
int first_year(int year, int span, int start) { return (year - start) / span * span + start; }

Failure truncate(std::optional<Unit> unit, std::int64_t time, std::int64_t& out) {
  const std::chrono::year_month_day date(day_of(time));
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month());
  const auto year_start = [&](int first) { out = begin_of(first_of(first, 1)); };
  switch (unit.value_or(Unit::kZone)) {
    case Unit::kMicrosecond:
      out = time;
      return kDone;
    case Unit::kMillisecond:
      out = floor_to(time, 1000);
      return kDone;
    case Unit::kSecond:
      out = floor_to(time, kUsPerSecond);
      return kDone;
    case Unit::kMinute:
      out = floor_to(time, kUsPerMinute);
      return kDone;
    case Unit::kHour:
      out = floor_to(time, kUsPerHour);
      return kDone;
    case Unit::kDay:
      out = floor_to(time, kUsPerDay);
      return kDone;
    case Unit::kWeek:
      out =
          floor_to(time - 4 * kUsPerDay, 7 * kUsPerDay) + 4 * kUsPerDay;  // 1970-01-05 was a Monday
      return kDone;
    case Unit::kMonth:
      out = begin_of(first_of(year, month));
      return kDone;
    case Unit::kQuarter:
      out = begin_of(first_of(year, (month - 1) / 3 * 3 + 1));
      return kDone;
    case Unit::kYear:
      year_start(year);
      return kDone;
    case Unit::kDecade:
      year_start(first_year(year, 10, 0));
      return kDone;
    case Unit::kCentury:
      year_start(first_year(year, 100, 1));
      return kDone;
    case Unit::kMillennium:
      year_start(first_year(year, 1000, 1));
      return kDone;
    default:
      return "date_trunc takes microseconds, milliseconds, second, minute, hour, day, week, month, "
             "quarter, year, decade, century or millennium";
  }
}

Failure extract(std::optional<Unit> unit, std::int64_t time, Numeric& out) {
  const Day day = day_of(time);
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year());
  const std::int64_t in_day = time - floor_to(time, kUsPerDay);
  const std::int64_t in_minute = in_day % kUsPerMinute;
  const auto whole = [&](std::int64_t value) {
    out = {value, 0};
    return kDone;
  };
  if (!unit) {
    return "extract takes microseconds, milliseconds, second, minute, hour, day, week, month, "
           "quarter, year, decade, century, millennium, epoch, dow, isodow, doy or isoyear";
  }
  switch (*unit) {
    case Unit::kMicrosecond:
      return whole(in_minute);
    case Unit::kMillisecond:
      out = {in_minute, 3};
      return kDone;
    case Unit::kSecond:
      out = {in_minute, 6};
      return kDone;
    case Unit::kEpoch:
      out = {time, 6};
      return kDone;
    case Unit::kMinute:
      return whole(in_day / kUsPerMinute % 60);
    case Unit::kHour:
      return whole(in_day / kUsPerHour);
    case Unit::kDay:
      return whole(static_cast<unsigned>(date.day()));
    case Unit::kMonth:
      return whole(static_cast<unsigned>(date.month()));
    case Unit::kQuarter:
      return whole((static_cast<unsigned>(date.month()) - 1) / 3 + 1);
    case Unit::kYear:
      return whole(year);
    case Unit::kDecade:
      return whole(year / 10);
    case Unit::kCentury:
      return whole((year + 99) / 100);
    case Unit::kMillennium:
      return whole((year + 999) / 1000);
    case Unit::kWeek: {
      const Day thursday = thursday_of(day);
      const std::chrono::year_month_day in(thursday);
      return whole((thursday - first_of(static_cast<int>(in.year()), 1)).count() / 7 + 1);
    }
    case Unit::kIsoYear: {
      const std::chrono::year_month_day in(thursday_of(day));
      return whole(static_cast<int>(in.year()));
    }
    case Unit::kDayOfWeek:
      return whole(std::chrono::weekday(day).c_encoding());
    case Unit::kIsoDayOfWeek:
      return whole(std::chrono::weekday(day).iso_encoding());
    case Unit::kDayOfYear:
      return whole((day - first_of(year, 1)).count() + 1);
    case Unit::kZone:
      return whole(0);
  }
  return kDone;
}

// Seconds since 1970, as PostgreSQL counts them: from 2000 on, which decides how they round.
Failure from_epoch(double seconds, std::int64_t& out) {
  constexpr std::int64_t kSecondsTo2000 = 946'684'800;
  const double micros = std::nearbyint((seconds - static_cast<double>(kSecondsTo2000)) * 1e6);
  // The years 1 to 9999, as everywhere in weir.
  constexpr double kFirst = -63'082'281'600e6, kEnd = 252'455'616'000e6;
  if (!(micros >= kFirst && micros < kEnd)) return "timestamp out of range";
  out = static_cast<std::int64_t>(micros) + kSecondsTo2000 * kUsPerSecond;
  return kDone;
}

}  // namespace

void add_times(FunctionTable& table) {
  table.add("date_trunc", {kT, kZ}, kZ,
            strict<std::int64_t, Text, std::int64_t>(
                [](Arena& arena, Text name, std::int64_t time, std::int64_t& out) {
                  return truncate(unit_of(arena, name), time, out);
                }));
  table.add("extract", {kT, kZ}, kN,
            strict<Numeric, Text, std::int64_t>(
                [](Arena& arena, Text name, std::int64_t time, Numeric& out) {
                  return extract(unit_of(arena, name), time, out);
                }));
  table.add("date_part", {kT, kZ}, kD,
            strict<double, Text, std::int64_t>(
                [](Arena& arena, Text name, std::int64_t time, double& out) {
                  Numeric value;
                  const Failure failure = extract(unit_of(arena, name), time, value);
                  out = to_double(value);
                  return failure;
                }));
  table.add("to_timestamp", {kD}, kZ,
            strict<std::int64_t, double>([](Arena&, double seconds, std::int64_t& out) {
              return from_epoch(seconds, out);
            }));
  constexpr const char* kNoInterval =
      "intervals are not in this version; extract(epoch from ...) gives seconds, to_timestamp(...) "
      "takes them";
  table.refuse("-", {kZ, kZ}, kNoInterval);
  table.refuse("age", {kZ, kZ}, kNoInterval);
  constexpr const char* kNoZone =
      "other time zones than UTC are not in this version: every timestamptz is read and shown in "
      "UTC";
  table.refuse("timezone", {kT, kZ}, kNoZone);
  table.refuse("date_trunc", {kT, kZ, kT}, kNoZone);
  table.refuse("to_timestamp", {kT, kT},
               "reading times by a pattern is not in this version; cast "
               "ISO 8601 text with ::timestamptz");
}

}  // namespace weir
