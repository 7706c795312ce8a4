#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// A span of time as PostgreSQL keeps it: months and days have no fixed length, so each of the
/// three has a sign of its own.
struct Interval {
  std::int64_t micros = 0;
  std::int32_t days = 0;
  std::int32_t months = 0;
};

/// Reads what PostgreSQL's interval takes: `1 day 2 hours`, `1 year -3 mons`, `1.5h`, `04:05:06.7`,
/// `3 04:05`, `1-2` (years and months), `2 days ago`, and ISO 8601's `P1Y2M3DT4H5M6.7S`. A number
/// alone counts seconds. Nothing when malformed or out of range.
std::optional<Interval> parse_interval(std::string_view text);
/// Writes `1 year 2 mons -3 days +04:05:06.7`; `00:00:00` for none.
void append_interval(std::string& out, Interval interval);

/// Below 0, 0 or above 0, with months of 30 and days of 24 hours: `1 mon` equals `30 days`.
int compare(Interval a, Interval b);

// Nothing when a part overflows.
std::optional<Interval> add(Interval a, Interval b);
std::optional<Interval> negated(Interval a);
/// Fractions of months go down into days, those of days into hours. `factor` is not NaN.
std::optional<Interval> scaled(Interval a, double factor);
/// As scaled() by 1 / `divisor`, rounded once; `divisor` is not 0.
std::optional<Interval> divided(Interval a, double divisor);

/// The time `micros` since 1970 moved by months (to their last day at most), days and micros.
/// Nothing when that leaves the years 1 to 9999.
std::optional<std::int64_t> add_to_time(std::int64_t micros, Interval interval);
/// `b` to `a` in days and hours.
Interval time_between(std::int64_t a, std::int64_t b);
/// `b` to `a` in years, months, days and hours, as a calendar counts them.
Interval age_between(std::int64_t a, std::int64_t b);

}  // namespace weir
