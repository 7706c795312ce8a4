#include "data/interval.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "data/calendar.h"
#include "data/numeric.h"

namespace weir {
namespace {

constexpr int kDaysPerMonth = 30;
constexpr double kSecondsPerDay = 86'400;

Int128 comparable(Interval a) {
  const std::int64_t days = std::int64_t{a.months} * kDaysPerMonth + a.days;
  return Int128{days} * kMicrosPerDay + a.micros;
}

// Puts the parts of an interval behind each other, with their blanks and signs.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void part(int value, std::string_view unit) {
    if (value == 0) return;
    if (any_) out_ += ' ';
    // A sign that changes is said.
    if (negative_before_ && value > 0) out_ += '+';
    out_ += std::to_string(value);
    out_ += ' ';
    out_ += unit;
    if (value != 1) out_ += 's';
    negative_before_ = value < 0;
    any_ = true;
  }

  void time(std::int64_t micros) {
    if (any_ && micros == 0) return;
    if (any_) out_ += ' ';
    if (micros < 0) {
      out_ += '-';
    } else if (negative_before_) {
      out_ += '+';
    }
    const std::uint64_t size =
        micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
    two(size / kMicrosPerHour);
    out_ += ':';
    two(size / kMicrosPerMinute % 60);
    out_ += ':';
    two(size / kMicrosPerSecond % 60);
    std::uint64_t fraction = size % kMicrosPerSecond;
    if (fraction == 0) return;
    out_ += '.';
    for (std::uint64_t unit = 100'000; fraction != 0; fraction %= unit, unit /= 10) {
      out_ += static_cast<char>('0' + fraction / unit);
      if (unit == 1) break;
    }
  }

 private:
  void two(std::uint64_t value) {
    if (value < 10) out_ += '0';
    out_ += std::to_string(value);
  }

  std::string& out_;
  bool any_ = false;
  bool negative_before_ = false;
};

// To whole microseconds, so that what binary fractions lack does not become a second less.
double rounded_micros(double seconds) { return std::rint(seconds * 1e6) / 1e6; }

bool fits_int32(double value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}
bool fits_int64(double value) {
  return value >= -9223372036854775808.0 && value < 9223372036854775808.0;
}

// PostgreSQL's interval_mul and interval_div differ in `times` alone.
template <class Times>
std::optional<Interval> spread(Interval a, Times times) {
  const double months = times(static_cast<double>(a.months));
  const double days = times(static_cast<double>(a.days));
  if (!fits_int32(months) || !fits_int32(days)) return std::nullopt;
  Interval out;
  out.months = static_cast<std::int32_t>(months);
  out.days = static_cast<std::int32_t>(days);
  const double month_days =
      rounded_micros((months - static_cast<double>(out.months)) * kDaysPerMonth);
  double seconds =
      rounded_micros((days - static_cast<double>(out.days) + month_days - std::trunc(month_days)) *
                     kSecondsPerDay);
  // The sum of two fractions may be a day, and of the other sign.
  std::int64_t all_days = out.days;
  if (std::abs(seconds) >= kSecondsPerDay) {
    const double whole = std::trunc(seconds / kSecondsPerDay);
    all_days += static_cast<std::int64_t>(whole);
    seconds -= whole * kSecondsPerDay;
  }
  all_days += static_cast<std::int64_t>(month_days);
  const double micros = std::rint(times(static_cast<double>(a.micros)) + seconds * 1e6);
  if (!fits_int32(static_cast<double>(all_days)) || !fits_int64(micros)) return std::nullopt;
  out.days = static_cast<std::int32_t>(all_days);
  out.micros = static_cast<std::int64_t>(micros);
  return out;
}

}  // namespace

void append_interval(std::string& out, Interval interval) {
  Writer writer(out);
  writer.part(interval.months / 12, "year");
  writer.part(interval.months % 12, "mon");
  writer.part(interval.days, "day");
  writer.time(interval.micros);
}

int compare(Interval a, Interval b) {
  const Int128 x = comparable(a);
  const Int128 y = comparable(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

std::optional<Interval> add(Interval a, Interval b) {
  Interval out;
  if (__builtin_add_overflow(a.months, b.months, &out.months) ||
      __builtin_add_overflow(a.days, b.days, &out.days) ||
      __builtin_add_overflow(a.micros, b.micros, &out.micros)) {
    return std::nullopt;
  }
  return out;
}

std::optional<Interval> negated(Interval a) {
  Interval out;
  if (__builtin_sub_overflow(0, a.months, &out.months) ||
      __builtin_sub_overflow(0, a.days, &out.days) ||
      __builtin_sub_overflow(std::int64_t{0}, a.micros, &out.micros)) {
    return std::nullopt;
  }
  return out;
}

std::optional<Interval> scaled(Interval a, double factor) {
  return spread(a, [factor](double part) { return part * factor; });
}

std::optional<Interval> divided(Interval a, double divisor) {
  return spread(a, [divisor](double part) { return part / divisor; });
}

std::optional<std::int64_t> add_to_time(std::int64_t micros, Interval interval) {
  std::int64_t day = day_of_micros(micros);
  const std::int64_t in_day = micros - day * kMicrosPerDay;
  if (interval.months != 0) {
    const CivilDate date = civil_from_days(day);
    const std::int64_t month =
        std::int64_t{date.year} * 12 + static_cast<int>(date.month) - 1 + interval.months;
    // Months since year 0; what lies before is no date either way.
    if (month < 12 || month >= 12 * 10'000) return std::nullopt;
    const int year = static_cast<int>(month / 12);
    const auto in_year = static_cast<unsigned>(month % 12) + 1;
    day = days_from_civil(year, in_year, std::min(date.day, days_in_month(year, in_year)));
  }
  day += interval.days;
  std::int64_t out = 0;
  if (__builtin_mul_overflow(day, kMicrosPerDay, &out) ||
      __builtin_add_overflow(out, in_day, &out) ||
      __builtin_add_overflow(out, interval.micros, &out) || !is_time(out)) {
    return std::nullopt;
  }
  return out;
}

Interval time_between(std::int64_t a, std::int64_t b) {
  const std::int64_t micros = a - b;
  return {micros % kMicrosPerDay, static_cast<std::int32_t>(micros / kMicrosPerDay), 0};
}

Interval age_between(std::int64_t a, std::int64_t b) {
  const bool negative = a < b;
  if (negative) std::swap(a, b);
  const std::int64_t day_a = day_of_micros(a);
  const std::int64_t day_b = day_of_micros(b);
  const CivilDate from = civil_from_days(day_b);
  const CivilDate to = civil_from_days(day_a);
  std::int64_t micros = (a - day_a * kMicrosPerDay) - (b - day_b * kMicrosPerDay);
  int days = static_cast<int>(to.day) - static_cast<int>(from.day);
  int months =
      (to.year - from.year) * 12 + static_cast<int>(to.month) - static_cast<int>(from.month);
  if (micros < 0) {
    micros += kMicrosPerDay;
    --days;
  }
  if (days < 0) {
    // The month counts that the earlier of the two lies in.
    days += static_cast<int>(days_in_month(from.year, from.month));
    --months;
  }
  if (negative) return {-micros, -days, -months};
  return {micros, days, months};
}

}  // namespace weir
