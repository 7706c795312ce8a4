#include "data/numeric.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace weir {
namespace {

constexpr std::array<Int128, kNumericDigitsMax + 1> make_powers() {
  std::array<Int128, kNumericDigitsMax + 1> powers{};
  Int128 power = 1;
  for (std::size_t i = 0; i < powers.size(); ++i) {
    powers[i] = power;
    if (i + 1 < powers.size()) power *= 10;
  }
  return powers;
}
constexpr auto kPowers = make_powers();
constexpr Int128 kMax = (kPowers[kNumericDigitsMax] - 1);

Int128 power10(int exponent) { return kPowers[static_cast<std::size_t>(exponent)]; }
Int128 magnitude(Int128 value) { return value < 0 ? -value : value; }

int digits_of(Int128 value) {
  value = magnitude(value);
  int digits = 1;
  while (digits < kNumericDigitsMax && value >= power10(digits)) ++digits;
  return digits;
}

// PostgreSQL keeps digits in groups of four: which group is the first, and its value.
struct Leading {
  int weight = 0;
  Int128 group = 0;
};
Leading leading(Numeric value) {
  if (value.unscaled == 0) return {};
  const int before_point = digits_of(value.unscaled) - value.scale;
  const int weight = (before_point > 0 ? (before_point + 3) / 4 : before_point / 4) - 1;
  const int shift = value.scale + 4 * weight;
  const Int128 size = magnitude(value.unscaled);
  return {weight, shift >= 0 ? size / power10(shift) : size * power10(-shift)};
}

std::optional<Int128> checked_mul(Int128 a, Int128 b) {
  Int128 product = 0;
  if (__builtin_mul_overflow(a, b, &product) || magnitude(product) > kMax) return std::nullopt;
  return product;
}

// `value` with exactly `scale` digits behind the point; scale >= value.scale.
std::optional<Int128> widen(Numeric value, int scale) {
  const int by = scale - value.scale;
  if (value.unscaled == 0) return Int128{0};
  if (by > kNumericDigitsMax) return std::nullopt;
  return checked_mul(value.unscaled, power10(by));
}

// value / 10^by, rounded half away from zero.
Int128 divide_rounding(Int128 value, int by) {
  if (by > kNumericDigitsMax) return 0;
  const Int128 divisor = power10(by);
  const Int128 quotient = value / divisor;
  const Int128 rest = magnitude(value % divisor);
  if (rest >= divisor - rest) return value < 0 ? quotient - 1 : quotient + 1;
  return quotient;
}

template <class Operation>
std::optional<Numeric> aligned(Numeric a, Numeric b, Operation operation) {
  const int scale = std::max(a.scale, b.scale);
  const std::optional<Int128> x = widen(a, scale);
  const std::optional<Int128> y = widen(b, scale);
  if (!x || !y) return std::nullopt;
  const Int128 result = operation(*x, *y);
  if (magnitude(result) > kMax) return std::nullopt;
  return Numeric{result, scale};
}

}  // namespace

std::optional<Numeric> parse_numeric(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  bool negative = false;
  if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  Int128 unscaled = 0;
  int scale = 0;
  bool any = false;
  bool point = false;
  for (; at != end; ++at) {
    if (*at == '.' && !point) {
      point = true;
      continue;
    }
    if (*at < '0' || *at > '9') break;
    any = true;
    const Int128 next = unscaled * 10 + (*at - '0');
    if (next > kMax) return std::nullopt;
    unscaled = next;
    if (point) ++scale;
  }
  if (!any) return std::nullopt;
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && *at == '+') ++at;
    int exponent = 0;
    const auto [stop, error] = std::from_chars(at, end, exponent);
    if (error != std::errc{} || exponent > 1000 || exponent < -1000) return std::nullopt;
    at = stop;
    scale -= exponent;
    if (scale < 0) {
      if (unscaled != 0) {
        if (-scale > kNumericDigitsMax) return std::nullopt;
        const std::optional<Int128> widened = checked_mul(unscaled, power10(-scale));
        if (!widened) return std::nullopt;
        unscaled = *widened;
      }
      scale = 0;
    }
  }
  if (at != end || scale > kNumericDigitsMax) return std::nullopt;
  return Numeric{negative ? -unscaled : unscaled, scale};
}

void append_numeric(std::string& out, Numeric value) {
  std::array<char, 48> buffer;
  char* at = buffer.data() + buffer.size();
  Int128 rest = magnitude(value.unscaled);
  int written = 0;
  while (rest != 0 || written <= value.scale) {
    if (written == value.scale && value.scale > 0) *--at = '.';
    *--at = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    ++written;
  }
  if (value.unscaled < 0) *--at = '-';
  out.append(at, static_cast<std::size_t>(buffer.data() + buffer.size() - at));
}

std::strong_ordering compare(Numeric a, Numeric b) {
  if (a.scale == b.scale) return a.unscaled <=> b.unscaled;
  const int scale = std::max(a.scale, b.scale);
  const std::optional<Int128> x = widen(a, scale);
  const std::optional<Int128> y = widen(b, scale);
  if (x && y) return *x <=> *y;
  // One does not fit at the larger scale: its whole part alone is larger than the other's.
  if (!x) return a.unscaled < 0 ? std::strong_ordering::less : std::strong_ordering::greater;
  return b.unscaled < 0 ? std::strong_ordering::greater : std::strong_ordering::less;
}

std::optional<Numeric> add(Numeric a, Numeric b) {
  return aligned(a, b, [](Int128 x, Int128 y) { return x + y; });
}

std::optional<Numeric> sub(Numeric a, Numeric b) {
  return aligned(a, b, [](Int128 x, Int128 y) { return x - y; });
}

std::optional<Numeric> mul(Numeric a, Numeric b) {
  const int scale = a.scale + b.scale;
  const std::optional<Int128> product = checked_mul(a.unscaled, b.unscaled);
  if (!product) return std::nullopt;
  if (scale <= kNumericDigitsMax) return Numeric{*product, scale};
  return Numeric{divide_rounding(*product, scale - kNumericDigitsMax), kNumericDigitsMax};
}

std::optional<Numeric> div(Numeric a, Numeric b) {
  // PostgreSQL (select_div_scale): 16 significant digits counted in groups of four, and no fewer
  // digits behind the point than either side has.
  const Leading lead_a = leading(a);
  const Leading lead_b = leading(b);
  const int weight = lead_a.weight - lead_b.weight - (lead_a.group <= lead_b.group ? 1 : 0);
  int scale = 16 - weight * 4;
  scale = std::max(std::max(scale, 0), std::max(a.scale, b.scale));
  // What does not fit 38 digits is given up from the right.
  while (true) {
    const int up = scale + b.scale - a.scale;
    if (up <= kNumericDigitsMax) {
      const std::optional<Int128> dividend =
          up >= 0 ? checked_mul(a.unscaled, power10(up)) : std::optional(a.unscaled / power10(-up));
      if (dividend) {
        const Int128 quotient = *dividend / b.unscaled;
        const Int128 rest = magnitude(*dividend % b.unscaled);
        const bool away = rest >= magnitude(b.unscaled) - rest;
        const Int128 step = (*dividend < 0) != (b.unscaled < 0) ? -1 : 1;
        return Numeric{away ? quotient + step : quotient, scale};
      }
    }
    if (scale == 0) return std::nullopt;
    --scale;
  }
}

std::optional<Numeric> mod(Numeric a, Numeric b) {
  return aligned(a, b, [](Int128 x, Int128 y) { return x % y; });
}

std::optional<Numeric> round(Numeric value, int scale) {
  if (scale >= value.scale) {
    const std::optional<Int128> widened = widen(value, std::min(scale, kNumericDigitsMax));
    if (!widened) return std::nullopt;
    return Numeric{*widened, std::min(scale, kNumericDigitsMax)};
  }
  const Int128 rounded = divide_rounding(value.unscaled, value.scale - scale);
  if (scale >= 0) return Numeric{rounded, scale};
  if (rounded == 0 || -scale > kNumericDigitsMax) return Numeric{0, 0};
  const std::optional<Int128> back = checked_mul(rounded, power10(-scale));
  if (!back) return std::nullopt;
  return Numeric{*back, 0};
}

std::optional<Numeric> trunc(Numeric value, int scale) {
  if (scale >= value.scale) return round(value, scale);
  const int by = value.scale - scale;
  const Int128 cut = by > kNumericDigitsMax ? 0 : value.unscaled / power10(by);
  if (scale >= 0) return Numeric{cut, scale};
  if (cut == 0) return Numeric{0, 0};
  const std::optional<Int128> back = checked_mul(cut, power10(-scale));
  if (!back) return std::nullopt;
  return Numeric{*back, 0};
}

std::optional<Numeric> fit(Numeric value, int precision, int scale) {
  const std::optional<Numeric> rounded = round(value, scale);
  if (!rounded || magnitude(rounded->unscaled) >= power10(precision)) return std::nullopt;
  return rounded;
}

double to_double(Numeric value) {
  // Through text: correctly rounded, which a division by a power of ten is not.
  std::string text;
  append_numeric(text, value);
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

std::optional<Numeric> numeric_from_double(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  // 15 significant digits, as PostgreSQL's float8 to numeric does.
  std::array<char, 64> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          std::chars_format::scientific, 14);
  if (error != std::errc{}) return std::nullopt;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  std::string trimmed(text.substr(0, e));
  while (trimmed.find('.') != std::string::npos &&
         (trimmed.back() == '0' || trimmed.back() == '.')) {
    const bool point = trimmed.back() == '.';
    trimmed.pop_back();
    if (point) break;
  }
  trimmed += text.substr(e);
  return parse_numeric(trimmed);
}

std::optional<std::int64_t> to_int64(Numeric value) {
  const std::optional<Numeric> whole = round(value, 0);
  if (!whole || whole->unscaled > std::numeric_limits<std::int64_t>::max() ||
      whole->unscaled < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(whole->unscaled);
}

}  // namespace weir
