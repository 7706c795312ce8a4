#include "sql/times.h"

#include <chrono>
#include <cmath>

#include "data/calendar.h"
#include "data/render.h"

namespace weir {
namespace {

using Unit = TimeUnit;

std::int64_t floor_to(std::int64_t time, std::int64_t unit) {
  return time - ((time % unit) + unit) % unit;
}

using Day = std::chrono::sys_days;
Day day_of(std::int64_t time) { return Day(std::chrono::days(day_of_micros(time))); }
std::int64_t begin_of(Day day) { return day.time_since_epoch().count() * kMicrosPerDay; }
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

// Days since 4714-11-24 BC, from midnight.
constexpr std::int64_t kJulianOf1970 = 2'440'588;

// Half a day is .5, to twenty digits.
std::optional<Numeric> julian_of(std::int64_t time) {
  const std::int64_t day = day_of_micros(time);
  const std::optional<Numeric> part =
      div(Numeric{time - day * kMicrosPerDay, 0}, Numeric{kMicrosPerDay, 0});
  return part ? add(*part, Numeric{day + kJulianOf1970, 0}) : std::nullopt;
}

bool has(TimeFields fields, Unit unit) {
  switch (unit) {
    case Unit::kMicrosecond:
    case Unit::kMillisecond:
    case Unit::kSecond:
    case Unit::kMinute:
    case Unit::kHour:
      return fields != TimeFields::kDate;
    case Unit::kZone:
      return fields == TimeFields::kZoned;
    default:
      return true;
  }
}

}  // namespace

Failure truncate_time(std::optional<Unit> unit, std::int64_t time, std::int64_t& out) {
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
      out = floor_to(time, kMicrosPerSecond);
      return kDone;
    case Unit::kMinute:
      out = floor_to(time, kMicrosPerMinute);
      return kDone;
    case Unit::kHour:
      out = floor_to(time, kMicrosPerHour);
      return kDone;
    case Unit::kDay:
      out = floor_to(time, kMicrosPerDay);
      return kDone;
    case Unit::kWeek:
      out = floor_to(time - 4 * kMicrosPerDay, 7 * kMicrosPerDay) +
            4 * kMicrosPerDay;  // 1970-01-05 was a Monday
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

Failure extract_time(std::optional<Unit> unit, std::int64_t time, TimeFields fields, Numeric& out) {
  const Day day = day_of(time);
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year());
  const std::int64_t in_day = time - floor_to(time, kMicrosPerDay);
  const std::int64_t in_minute = in_day % kMicrosPerMinute;
  const auto whole = [&](std::int64_t value) {
    out = {value, 0};
    return kDone;
  };
  if (!unit) {
    return "extract takes microseconds, milliseconds, second, minute, hour, day, week, month, "
           "quarter, year, decade, century, millennium, epoch, dow, isodow, doy, isoyear or julian";
  }
  if (!has(fields, *unit)) {
    return fields == TimeFields::kDate ? "a date has no such field"
                                       : "a timestamp has no such field";
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
      out = fields == TimeFields::kDate ? Numeric{time / kMicrosPerSecond, 0} : Numeric{time, 6};
      return kDone;
    case Unit::kJulian: {
      if (fields == TimeFields::kDate) return whole(day_of_micros(time) + kJulianOf1970);
      const std::optional<Numeric> julian = julian_of(time);
      out = julian.value_or(Numeric{});
      return julian ? kDone : kNumericRange;
    }
    case Unit::kMinute:
      return whole(in_day / kMicrosPerMinute % 60);
    case Unit::kHour:
      return whole(in_day / kMicrosPerHour);
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

namespace {

// Seconds since 1970, as PostgreSQL counts them: from 2000 on, which decides how they round.
Failure from_epoch(double seconds, std::int64_t& out) {
  constexpr std::int64_t kSecondsTo2000 = 946'684'800;
  const double micros = std::nearbyint((seconds - static_cast<double>(kSecondsTo2000)) * 1e6);
  // The years 1 to 9999, as everywhere in weir.
  constexpr double kFirst = -63'082'281'600e6, kEnd = 252'455'616'000e6;
  if (!(micros >= kFirst && micros < kEnd)) return kTimeRange;
  out = static_cast<std::int64_t>(micros) + kSecondsTo2000 * kMicrosPerSecond;
  return kDone;
}

// The unit's name is the same text for all rows, mostly: it is looked up once.
class UnitMemo {
 public:
  std::optional<Unit> of(Text name) {
    if (name.data() != name_.data() || name.size() != name_.size()) {
      name_ = name;
      unit_ = find_time_unit(name);
    }
    return unit_;
  }

 private:
  Text name_;
  std::optional<Unit> unit_;
};

// As strict(); `f` is called as f(unit, time, out).
template <class Out, class Time, class F>
Kernel by_unit(F f) {
  Kernel kernel = [f](KernelCall& call) {
    UnitMemo memo;
    const Kernel rows = strict<Out, Text, Time>(
        [&](Arena&, Text name, const Time& time, Out& out) { return f(memo.of(name), time, out); });
    rows(call);
  };
  kernel.takes_constants = true;
  return kernel;
}

template <class Time, class Extract>
void extracts(FunctionTable& table, TypeKind kind, Extract extract) {
  table.add("extract", {kT, kind}, kN, by_unit<Numeric, Time>(extract));
}

// extract in double precision.
template <class Time, class Extract>
void date_parts(FunctionTable& table, TypeKind kind, Extract extract) {
  table.add(
      "date_part", {kT, kind}, kD,
      by_unit<double, Time>([extract](std::optional<Unit> unit, const Time& time, double& out) {
        Numeric value;
        const Failure failure = extract(unit, time, value);
        out = to_double(value);
        return failure;
      }));
}

void fields(FunctionTable& table) {
  const auto of_time = [](TimeFields fields) {
    return [fields](std::optional<Unit> unit, std::int64_t time, Numeric& out) {
      return extract_time(unit, time, fields, out);
    };
  };
  const auto of_date = [](TimeFields fields) {
    return [fields](std::optional<Unit> unit, std::int32_t date, Numeric& out) {
      return extract_time(unit, date * kMicrosPerDay, fields, out);
    };
  };
  extracts<std::int64_t>(table, kZ, of_time(TimeFields::kZoned));
  extracts<std::int64_t>(table, kP, of_time(TimeFields::kLocal));
  extracts<std::int32_t>(table, kA, of_date(TimeFields::kDate));
  extracts<Interval>(table, kV, &extract_interval);
  date_parts<std::int64_t>(table, kZ, of_time(TimeFields::kZoned));
  date_parts<std::int64_t>(table, kP, of_time(TimeFields::kLocal));
  // It takes a date for its midnight.
  date_parts<std::int32_t>(table, kA, of_date(TimeFields::kLocal));
  date_parts<Interval>(table, kV, &extract_interval);
  for (const TypeKind kind : {kZ, kP}) {
    table.add("date_trunc", {kT, kind}, kind, by_unit<std::int64_t, std::int64_t>(&truncate_time));
  }
  table.add("date_trunc", {kT, kV}, kV, by_unit<Interval, Interval>(&truncate_interval));
}

}  // namespace

void add_times(FunctionTable& table) {
  fields(table);
  add_dates(table);
  add_intervals(table);
  table.add("to_timestamp", {kD}, kZ,
            strict<std::int64_t, double>([](Arena&, double seconds, std::int64_t& out) {
              return from_epoch(seconds, out);
            }));
  constexpr const char* kNoZone =
      "other time zones than UTC are not in this version: every timestamptz is read and shown in "
      "UTC";
  table.refuse("date_trunc", {kT, kZ, kT}, kNoZone);
  table.refuse("to_timestamp", {kT, kT},
               "reading times by a pattern is not in this version; cast "
               "ISO 8601 text with ::timestamptz");
  for (const TypeKind kind : {kZ, kP, kV}) {
    table.refuse(
        "to_char", {kind, kT},
        "writing times by a pattern is not in this version; a cast to text gives ISO 8601");
  }
}

}  // namespace weir
