#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/column.h"

namespace weir {

/// Appends PostgreSQL's text of a value that is not NULL: true, 1.50, 2026-11-22 10:40:00+00,
/// \x6162.
void append_text(std::string& out, const Column& column, RowIndex row);
/// Appends a timestamptz as RFC 3339 in UTC with as many decimals as needed:
/// 2026-11-22T10:40:00.5Z.
void append_rfc3339(std::string& out, std::int64_t timestamp_us);
/// The same without the Z, of a timestamp: 2026-11-22T10:40:00.5.
void append_iso_local(std::string& out, std::int64_t timestamp_us);
/// Reads ISO 8601 / RFC 3339 with `T` or blank, optional decimals (6 are kept, the next rounds),
/// and Z or an offset (+02, +02:00, +0200). Without an offset it is UTC, a date alone its midnight.
/// Microseconds since 1970; nothing when malformed or out of range (years 1 to 9999).
std::optional<std::int64_t> parse_timestamp(std::string_view text);
/// The same of a time without a zone: one that is written is ignored, as PostgreSQL does.
std::optional<std::int64_t> parse_local_timestamp(std::string_view text);
/// Days since 1970 of a date, or of a time, whose clock is ignored.
std::optional<std::int32_t> parse_date(std::string_view text);
/// The shortest digits that read back as `value`, with an exponent where PostgreSQL writes one
/// (below 1e-4, from 1e15 on); NaN, Infinity, -Infinity.
void append_double(std::string& out, double value);
/// The same of a real, with an exponent from 1e6 on.
void append_real(std::string& out, float value);

}  // namespace weir
