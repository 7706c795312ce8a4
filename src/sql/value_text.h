#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// PostgreSQL's input functions: what `'...'::type` takes, blanks around it included. Nothing when
/// malformed or out of range.
///
/// Thread: any; pure functions.

/// Without the white space at both ends.
std::string_view trim_blanks(std::string_view text);

/// [+-]digits, no point and no exponent.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// Decimal or exponent notation, NaN, [+-]inf, [+-]infinity in any case.
std::optional<double> parse_double(std::string_view text);
std::optional<float> parse_real(std::string_view text);
/// Any unique beginning of true, false, yes, no, on, off, in any case; 1 and 0.
std::optional<bool> parse_boolean(std::string_view text);
/// `\x` and hex digits, or the escape form: `\\` and `\ooo`, other bytes as they are.
std::optional<std::string> parse_bytea(std::string_view text);
/// The escape form alone.
std::optional<std::string> parse_bytea_escapes(std::string_view text);

}  // namespace weir
