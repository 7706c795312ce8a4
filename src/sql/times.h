#pragma once

#include <cstdint>
#include <optional>

#include "data/interval.h"
#include "data/numeric.h"
#include "data/time_unit.h"
#include "sql/kernel.h"

namespace weir {

// The clockwork behind date_trunc and extract (times.cc), for the files of functions.

/// Which fields a type has: a date has no hours, a time without a zone has no zone.
enum class TimeFields : unsigned char { kDate, kLocal, kZoned };

Failure truncate_time(std::optional<TimeUnit> unit, std::int64_t micros, std::int64_t& out);
Failure extract_time(std::optional<TimeUnit> unit, std::int64_t micros, TimeFields fields,
                     Numeric& out);

Failure truncate_interval(std::optional<TimeUnit> unit, Interval value, Interval& out);
Failure extract_interval(std::optional<TimeUnit> unit, Interval value, Numeric& out);

void add_intervals(FunctionTable& table);
void add_dates(FunctionTable& table);

}  // namespace weir
