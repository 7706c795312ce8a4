#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

__extension__ using Int128 = __int128;

/// A decimal: unscaled / 10^scale, at most 38 digits, scale 0 to 38. Each value carries its own
/// display scale, as PostgreSQL's numeric does; comparison is by value (1.0 = 1.00).
struct Numeric {
  Int128 unscaled = 0;
  std::int32_t scale = 0;
};

constexpr int kNumericDigitsMax = 38;

/// Reads [-+]digits[.digits][e[+-]digits], exactly, one side of the point may be empty. Nothing
/// when malformed or when 38 digits, and 38 of them behind the point, do not hold it.
std::optional<Numeric> parse_numeric(std::string_view text);
/// Writes every digit of the scale, "-12.30".
void append_numeric(std::string& out, Numeric value);

std::strong_ordering compare(Numeric a, Numeric b);

// Nothing on overflow of 38 digits. Scales follow PostgreSQL: add and sub the larger, mul the sum,
// div as its select_div_scale (at least 16 significant digits), or as many as 38 leave; round half
// away from zero.
std::optional<Numeric> add(Numeric a, Numeric b);
std::optional<Numeric> sub(Numeric a, Numeric b);
std::optional<Numeric> mul(Numeric a, Numeric b);
/// `b` is not zero.
std::optional<Numeric> div(Numeric a, Numeric b);
/// `b` is not zero; the sign of the result is that of `a`.
std::optional<Numeric> mod(Numeric a, Numeric b);
/// `scale` may be negative (round to tens).
std::optional<Numeric> round(Numeric value, int scale);
std::optional<Numeric> trunc(Numeric value, int scale);
/// Rounded to the type's scale; nothing when more than precision - scale digits stand before the
/// point.
std::optional<Numeric> fit(Numeric value, int precision, int scale);

double to_double(Numeric value);
/// `value` with 15 significant digits, as PostgreSQL's cast does; nothing for NaN, infinity and
/// over 38 digits.
std::optional<Numeric> numeric_from_double(double value);
/// The same of a real, with its 6 digits.
std::optional<Numeric> numeric_from_real(float value);
/// Rounded half away from zero; nothing when out of range.
std::optional<std::int64_t> to_int64(Numeric value);

}  // namespace weir
