#include <array>
#include <cmath>

#include "data/calendar.h"
#include "sql/times.h"

namespace weir {
namespace {

// A result, or nothing when a part overflows.
Failure put(const std::optional<Interval>& result, Interval& out) {
  if (!result) return kIntervalRange;
  out = *result;
  return kDone;
}

Failure times(Interval value, double factor, Interval& out) {
  return std::isnan(factor) ? kIntervalRange : put(scaled(value, factor), out);
}

void arithmetic(FunctionTable& table) {
  table.add("+", {kV, kV}, kV,
            strict<Interval, Interval, Interval>(
                [](Arena&, Interval a, Interval b, Interval& out) { return put(add(a, b), out); }));
  table.add("-", {kV, kV}, kV,
            strict<Interval, Interval, Interval>(
                [](Arena&, Interval a, Interval b, Interval& out) -> Failure {
                  const std::optional<Interval> turned = negated(b);
                  return turned ? put(add(a, *turned), out) : kIntervalRange;
                }));
  table.add("-", {kV}, kV, strict<Interval, Interval>([](Arena&, Interval a, Interval& out) {
              return put(negated(a), out);
            }));
  table.add("*", {kV, kD}, kV,
            strict<Interval, Interval, double>(
                [](Arena&, Interval a, double b, Interval& out) { return times(a, b, out); }));
  table.add("*", {kD, kV}, kV,
            strict<Interval, double, Interval>(
                [](Arena&, double a, Interval b, Interval& out) { return times(b, a, out); }));
  table.add("/", {kV, kD}, kV,
            strict<Interval, Interval, double>([](Arena&, Interval a, double b, Interval& out) {
              if (b == 0) return kZeroDivision;
              return std::isnan(b) ? kIntervalRange : put(divided(a, b), out);
            }));
}

// What overflows `unit`s of the smaller part goes into the larger one, both of one sign.
template <class Small>
bool carry(Small& small, std::int32_t& large, Small unit) {
  const Small whole = small / unit;
  small -= whole * unit;
  if (__builtin_add_overflow(large, whole, &large)) return false;
  if (large > 0 && small < 0) {
    small += unit;
    --large;
  } else if (large < 0 && small > 0) {
    small -= unit;
    ++large;
  }
  return true;
}

void justifying(FunctionTable& table) {
  table.add("justify_hours", {kV}, kV,
            strict<Interval, Interval>([](Arena&, Interval a, Interval& out) {
              out = a;
              return carry(out.micros, out.days, kMicrosPerDay) ? kDone : kIntervalRange;
            }));
  table.add("justify_days", {kV}, kV,
            strict<Interval, Interval>([](Arena&, Interval a, Interval& out) {
              out = a;
              return carry(out.days, out.months, std::int32_t{30}) ? kDone : kIntervalRange;
            }));
}

using I32 = std::int32_t;

// make_interval(years, months, weeks, days, hours, mins, secs); what is left out at the end is 0.
Failure make_interval(const std::array<I32, 6>& parts, double seconds, Interval& out) {
  const std::int64_t months = std::int64_t{parts[0]} * 12 + parts[1];
  const std::int64_t days = std::int64_t{parts[2]} * 7 + parts[3];
  const double micros = std::rint(seconds * 1e6);
  if (months != static_cast<I32>(months) || days != static_cast<I32>(days) ||
      !(std::abs(micros) < 9e18)) {
    return kIntervalRange;
  }
  out.months = static_cast<I32>(months);
  out.days = static_cast<I32>(days);
  return __builtin_add_overflow(parts[4] * kMicrosPerHour + parts[5] * kMicrosPerMinute,
                                static_cast<std::int64_t>(micros), &out.micros)
             ? kIntervalRange
             : kDone;
}

template <std::size_t... I>
void make_of(FunctionTable& table, std::index_sequence<I...>) {
  table.add("make_interval", std::vector<TypeKind>(sizeof...(I), kI), kV,
            strict<Interval, std::enable_if_t<(I >= 0), I32>...>(
                [](Arena&, std::enable_if_t<(I >= 0), I32>... parts, Interval& out) {
                  std::array<I32, 6> all{};
                  ((all[I] = parts), ...);
                  return make_interval(all, 0, out);
                }));
}

void making(FunctionTable& table) {
  make_of(table, std::make_index_sequence<1>{});
  make_of(table, std::make_index_sequence<2>{});
  make_of(table, std::make_index_sequence<3>{});
  make_of(table, std::make_index_sequence<4>{});
  make_of(table, std::make_index_sequence<5>{});
  make_of(table, std::make_index_sequence<6>{});
  table.add("make_interval", {kI, kI, kI, kI, kI, kI, kD}, kV,
            strict<Interval, I32, I32, I32, I32, I32, I32, double>(
                [](Arena&, I32 years, I32 months, I32 weeks, I32 days, I32 hours, I32 minutes,
                   double seconds, Interval& out) {
                  return make_interval({years, months, weeks, days, hours, minutes}, seconds, out);
                }));
}

}  // namespace

Failure truncate_interval(std::optional<TimeUnit> unit, Interval value, Interval& out) {
  const auto months = [&](std::int32_t span) {
    out = {0, 0, value.months / span * span};
    return kDone;
  };
  const auto micros = [&](std::int64_t span) {
    out = value;
    out.micros = value.micros / span * span;
    return kDone;
  };
  switch (unit.value_or(TimeUnit::kZone)) {
    case TimeUnit::kMillennium:
      return months(12'000);
    case TimeUnit::kCentury:
      return months(1200);
    case TimeUnit::kDecade:
      return months(120);
    case TimeUnit::kYear:
      return months(12);
    case TimeUnit::kQuarter:
      return months(3);
    case TimeUnit::kMonth:
      return months(1);
    case TimeUnit::kDay:
      out = {0, value.days, value.months};
      return kDone;
    case TimeUnit::kHour:
      return micros(kMicrosPerHour);
    case TimeUnit::kMinute:
      return micros(kMicrosPerMinute);
    case TimeUnit::kSecond:
      return micros(kMicrosPerSecond);
    case TimeUnit::kMillisecond:
      return micros(1000);
    case TimeUnit::kMicrosecond:
      return micros(1);
    default:
      return "date_trunc of an interval takes microseconds, milliseconds, second, minute, hour, "
             "day, month, quarter, year, decade, century or millennium";
  }
}

Failure extract_interval(std::optional<TimeUnit> unit, Interval value, Numeric& out) {
  const std::int32_t years = value.months / 12;
  const std::int64_t in_minute = value.micros % kMicrosPerMinute;
  const auto whole = [&](std::int64_t number) {
    out = {number, 0};
    return kDone;
  };
  switch (unit.value_or(TimeUnit::kZone)) {
    case TimeUnit::kMicrosecond:
      return whole(in_minute);
    case TimeUnit::kMillisecond:
      out = {in_minute, 3};
      return kDone;
    case TimeUnit::kSecond:
      out = {in_minute, 6};
      return kDone;
    case TimeUnit::kMinute:
      return whole(value.micros / kMicrosPerMinute % 60);
    case TimeUnit::kHour:
      return whole(value.micros / kMicrosPerHour);
    case TimeUnit::kDay:
      return whole(value.days);
    case TimeUnit::kMonth:
      return whole(value.months % 12);
    case TimeUnit::kQuarter:
      return whole(value.months % 12 / 3 + 1);
    case TimeUnit::kYear:
      return whole(years);
    case TimeUnit::kDecade:
      return whole(years / 10);
    case TimeUnit::kCentury:
      return whole(years / 100);
    case TimeUnit::kMillennium:
      return whole(years / 1000);
    case TimeUnit::kEpoch: {
      // A year has 365.25 days, a month 30.
      constexpr std::int64_t kQuarterDay = kMicrosPerDay / 4;
      const std::int64_t quarters = std::int64_t{years} * (365 * 4 + 1) +
                                    std::int64_t{value.months % 12} * 120 +
                                    std::int64_t{value.days} * 4;
      out = {Int128{quarters} * kQuarterDay + value.micros, 6};
      return kDone;
    }
    default:
      return "extract from an interval takes microseconds, milliseconds, second, minute, hour, "
             "day, month, quarter, year, decade, century, millennium or epoch";
  }
}

void add_intervals(FunctionTable& table) {
  arithmetic(table);
  justifying(table);
  making(table);
}

}  // namespace weir
