#include <cmath>

#include "data/calendar.h"
#include "sql/times.h"

namespace weir {
namespace {

using Date = std::int32_t;
using Micros = std::int64_t;

Micros midnight(Date date) { return date * kMicrosPerDay; }

Failure put_date(std::int64_t days, Date& out) {
  if (!is_date(days)) return kDateRange;
  out = static_cast<Date>(days);
  return kDone;
}

Failure moved(Micros time, Interval by, Micros& out) {
  const std::optional<Micros> result = add_to_time(time, by);
  if (!result) return kTimeRange;
  out = *result;
  return kDone;
}
Failure moved_back(Micros time, Interval by, Micros& out) {
  const std::optional<Interval> turned = negated(by);
  return turned ? moved(time, *turned, out) : kIntervalRange;
}

void days(FunctionTable& table) {
  table.add("+", {kA, kI}, kA,
            strict<Date, Date, Date>([](Arena&, Date date, Date count, Date& out) {
              return put_date(std::int64_t{date} + count, out);
            }));
  table.add("+", {kI, kA}, kA,
            strict<Date, Date, Date>([](Arena&, Date count, Date date, Date& out) {
              return put_date(std::int64_t{date} + count, out);
            }));
  table.add("-", {kA, kI}, kA,
            strict<Date, Date, Date>([](Arena&, Date date, Date count, Date& out) {
              return put_date(std::int64_t{date} - count, out);
            }));
  table.add("-", {kA, kA}, kI, strict<Date, Date, Date>([](Arena&, Date a, Date b, Date& out) {
              out = a - b;
              return kDone;
            }));
  // A date moved by an interval is a time.
  table.add("+", {kA, kV}, kP,
            strict<Micros, Date, Interval>([](Arena&, Date date, Interval by, Micros& out) {
              return moved(midnight(date), by, out);
            }));
  table.add("+", {kV, kA}, kP,
            strict<Micros, Interval, Date>([](Arena&, Interval by, Date date, Micros& out) {
              return moved(midnight(date), by, out);
            }));
  table.add("-", {kA, kV}, kP,
            strict<Micros, Date, Interval>([](Arena&, Date date, Interval by, Micros& out) {
              return moved_back(midnight(date), by, out);
            }));
}

// A timestamptz does as a timestamp: its days are those of UTC.
void moves(FunctionTable& table, TypeKind kind) {
  table.add("+", {kind, kV}, kind,
            strict<Micros, Micros, Interval>([](Arena&, Micros time, Interval by, Micros& out) {
              return moved(time, by, out);
            }));
  table.add("+", {kV, kind}, kind,
            strict<Micros, Interval, Micros>([](Arena&, Interval by, Micros time, Micros& out) {
              return moved(time, by, out);
            }));
  table.add("-", {kind, kV}, kind,
            strict<Micros, Micros, Interval>([](Arena&, Micros time, Interval by, Micros& out) {
              return moved_back(time, by, out);
            }));
  table.add("-", {kind, kind}, kV,
            strict<Interval, Micros, Micros>([](Arena&, Micros a, Micros b, Interval& out) {
              out = time_between(a, b);
              return kDone;
            }));
  table.add("age", {kind, kind}, kV,
            strict<Interval, Micros, Micros>([](Arena&, Micros a, Micros b, Interval& out) {
              out = age_between(a, b);
              return kDone;
            }));
  table.refuse("age", {kind}, "the current date differs in every replay; write age(a, b)");
}

// The last beginning of a span of `stride` that is not behind `time`; one begins at `origin`.
Failure date_bin(Interval stride, Micros time, Micros origin, Micros& out) {
  if (stride.months != 0) return "timestamps cannot be binned into months or years";
  Micros span = 0;
  if (__builtin_mul_overflow(std::int64_t{stride.days}, kMicrosPerDay, &span) ||
      __builtin_add_overflow(span, stride.micros, &span)) {
    return kIntervalRange;
  }
  if (span <= 0) return "stride must be greater than zero";
  const Micros past = time - origin;
  out = time - (past % span);
  if (past % span < 0) out -= span;
  return is_time(out) ? kDone : kTimeRange;
}

void bins(FunctionTable& table, TypeKind kind) {
  table.add("date_bin", {kV, kind, kind}, kind,
            strict<Micros, Interval, Micros, Micros>(
                [](Arena&, Interval stride, Micros time, Micros origin, Micros& out) {
                  return date_bin(stride, time, origin, out);
                }));
}

bool is_civil(std::int32_t year, std::int32_t month, std::int32_t day) {
  return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
         day <= static_cast<std::int32_t>(days_in_month(year, static_cast<unsigned>(month)));
}
std::int64_t days_of(std::int32_t year, std::int32_t month, std::int32_t day) {
  return days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
}

Failure make_time(std::int32_t year, std::int32_t month, std::int32_t day, std::int32_t hour,
                  std::int32_t minute, double second, Micros& out) {
  if (!is_civil(year, month, day)) return "date field value out of range";
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second <= 60)) {
    return "time field value out of range";
  }
  out = days_of(year, month, day) * kMicrosPerDay + hour * kMicrosPerHour +
        minute * kMicrosPerMinute + static_cast<Micros>(std::rint(second * 1e6));
  return is_time(out) ? kDone : kTimeRange;
}

void made(FunctionTable& table) {
  using I32 = std::int32_t;
  table.add(
      "make_date", {kI, kI, kI}, kA,
      strict<Date, I32, I32, I32>([](Arena&, I32 year, I32 month, I32 day, Date& out) -> Failure {
        if (!is_civil(year, month, day)) return "date field value out of range";
        out = static_cast<Date>(days_of(year, month, day));
        return kDone;
      }));
  const auto make = strict<Micros, I32, I32, I32, I32, I32, double>(
      [](Arena&, I32 year, I32 month, I32 day, I32 hour, I32 minute, double second, Micros& out) {
        return make_time(year, month, day, hour, minute, second, out);
      });
  table.add("make_timestamp", {kI, kI, kI, kI, kI, kD}, kP, make);
  table.add("make_timestamptz", {kI, kI, kI, kI, kI, kD}, kZ, make);
}

// AT TIME ZONE: from the clock of a zone to UTC and back.
void zones(FunctionTable& table) {
  const auto same =
      strict<Micros, Text, Micros>([](Arena&, Text zone, Micros time, Micros& out) -> Failure {
        for (const Text utc : {"utc", "gmt", "z", "etc/utc", "etc/gmt", "zulu"}) {
          const bool is = zone.size() == utc.size() &&
                          std::equal(zone.begin(), zone.end(), utc.begin(),
                                     [](char a, char b) { return (a | 0x20) == (b | 0x20); });
          if (!is) continue;
          out = time;
          return kDone;
        }
        return "AT TIME ZONE knows 'UTC' alone in this version";
      });
  table.add("timezone", {kT, kZ}, kP, same);
  table.add("timezone", {kT, kP}, kZ, same);
}

void casts(FunctionTable& table) {
  const auto to_time = strict<Micros, Date>([](Arena&, Date date, Micros& out) {
    out = midnight(date);
    return kDone;
  });
  const auto to_date = strict<Date, Micros>([](Arena&, Micros time, Date& out) {
    out = static_cast<Date>(day_of_micros(time));
    return kDone;
  });
  const auto as_is = strict<Micros, Micros>([](Arena&, Micros time, Micros& out) {
    out = time;
    return kDone;
  });
  for (const TypeKind kind : {kP, kZ}) {
    table.cast(kA, kind, to_time);
    table.cast(kind, kA, to_date);
  }
  table.cast(kP, kZ, as_is);
  table.cast(kZ, kP, as_is);
}

}  // namespace

void add_dates(FunctionTable& table) {
  days(table);
  for (const TypeKind kind : {kP, kZ}) {
    moves(table, kind);
    bins(table, kind);
  }
  made(table);
  zones(table);
  casts(table);
}

}  // namespace weir
