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

// `operation` gives the result through its third argument, and true when 128 bits overflow: the sum
// of two numbers of 38 digits does.
template <class Operation>
std::optional<Numeric> aligned(Numeric a, Numeric b, Operation operation) {
  const int scale = std::max(a.scale, b.scale);
  const std::optional<Int128> x = widen(a, scale);
  const std::optional<Int128> y = widen(b, scale);
  if (!x || !y) return std::nullopt;
  Int128 result = 0;
  if (operation(*x, *y, &result) || magnitude(result) > kMax) return std::nullopt;
  return Numeric{result, scale};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Collects decimal digits, in 64 bits as long as they fit.
class DigitReader {
 public:
  void add(char c) {
    const auto digit = static_cast<unsigned>(c - '0');
    if (low_digits_ == 18) spill();
    low_ = low_ * 10 + digit;
    ++low_digits_;
  }
  bool too_many() {
    spill();
    return too_many_;
  }
  /// Behind too_many().
  Int128 value() const { return high_; }

 private:
  void spill() {
    if (high_ == 0) {
      high_ = low_;
    } else {
      const std::optional<Int128> moved = checked_mul(high_, power10(low_digits_));
      too_many_ = too_many_ || !moved || kMax - *moved < static_cast<Int128>(low_);
      if (!too_many_) high_ = *moved + static_cast<Int128>(low_);
    }
    low_ = 0;
    low_digits_ = 0;
  }

  std::uint64_t low_ = 0;
  int low_digits_ = 0;
  Int128 high_ = 0;
  bool too_many_ = false;
};

// [+-]digits. An exponent past a million is as good as a million: it fits no number but zero.
std::optional<int> parse_exponent(const char* at, const char* end) {
  bool negative = false;
  if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  if (at == end) return std::nullopt;
  int value = 0;
  for (; at != end; ++at) {
    if (!is_digit(*at)) return std::nullopt;
    value = std::min(value * 10 + (*at - '0'), 1'000'000);
  }
  return negative ? -value : value;
}

// value * 10^exponent, exactly; false when 38 digits cannot hold it.
bool shift(Numeric& value, int exponent) {
  const int scale = value.scale - exponent;
  if (scale > kNumericDigitsMax) return false;
  if (scale < 0 && value.unscaled != 0) {
    if (-scale > kNumericDigitsMax) return false;
    const std::optional<Int128> widened = checked_mul(value.unscaled, power10(-scale));
    if (!widened) return false;
    value.unscaled = *widened;
  }
  value.scale = std::max(scale, 0);
  return true;
}

// The first group of PostgreSQL's base-10,000 digits and its weight (numeric.c).
struct LeadingGroup {
  int weight = 0;
  Int128 digit = 0;
};
LeadingGroup leading_group(Numeric value) {
  if (value.unscaled == 0) return {};
  const int exponent = digits_of(value.unscaled) - 1 - value.scale;
  const int weight = exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
  const int down = 4 * weight + value.scale;  // |unscaled| / 10^down is the group
  const Int128 all = magnitude(value.unscaled);
  return {weight, down >= 0 ? all / power10(down) : all * power10(-down)};
}

}  // namespace

std::optional<Numeric> parse_numeric(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  bool negative = false;
  if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  DigitReader digits;
  const char* const whole = at;
  while (at != end && is_digit(*at)) digits.add(*at++);
  std::ptrdiff_t count = at - whole;
  int scale = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    while (at != end && is_digit(*at)) digits.add(*at++);
    count += at - fraction;
    if (at - fraction > kNumericDigitsMax) return std::nullopt;
    scale = static_cast<int>(at - fraction);
  }
  if (count == 0 || digits.too_many()) return std::nullopt;
  Numeric value{digits.value(), scale};
  if (at != end && (*at | 0x20) == 'e') {
    const std::optional<int> exponent = parse_exponent(at + 1, end);
    if (!exponent || !shift(value, *exponent)) return std::nullopt;
    at = end;
  }
  if (at != end) return std::nullopt;
  if (negative) value.unscaled = -value.unscaled;
  return value;
}

void append_numeric(std::string& out, Numeric value) {
  // 38 digits, a point, a sign, and a zero in front of the point.
  std::array<char, 48> buffer;
  char* at = buffer.data() + buffer.size();
  Int128 rest = magnitude(value.unscaled);
  int written = 0;
  const auto put = [&](unsigned digit) {
    if (written == value.scale && value.scale > 0) *--at = '.';
    *--at = static_cast<char>('0' + digit);
    ++written;
  };
  constexpr Int128 kLowPart = 1'000'000'000'000'000'000;
  while (rest >= kLowPart) {
    // 18 digits at a time: 128 bits divide through a function call.
    auto low = static_cast<std::uint64_t>(rest % kLowPart);
    rest /= kLowPart;
    for (int i = 0; i < 18; ++i, low /= 10) put(static_cast<unsigned>(low % 10));
  }
  for (auto low = static_cast<std::uint64_t>(rest); low != 0 || written <= value.scale; low /= 10) {
    put(static_cast<unsigned>(low % 10));
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
  return aligned(a, b,
                 [](Int128 x, Int128 y, Int128* to) { return __builtin_add_overflow(x, y, to); });
}

std::optional<Numeric> sub(Numeric a, Numeric b) {
  return aligned(a, b,
                 [](Int128 x, Int128 y, Int128* to) { return __builtin_sub_overflow(x, y, to); });
}

std::optional<Numeric> mul(Numeric a, Numeric b) {
  const int scale = a.scale + b.scale;
  const std::optional<Int128> product = checked_mul(a.unscaled, b.unscaled);
  if (!product) return std::nullopt;
  if (scale <= kNumericDigitsMax) return Numeric{*product, scale};
  return Numeric{divide_rounding(*product, scale - kNumericDigitsMax), kNumericDigitsMax};
}

std::optional<Numeric> div(Numeric a, Numeric b) {
  // PostgreSQL's select_div_scale: 16 significant digits counted in groups of four, and no fewer
  // digits behind the point than either side has.
  const LeadingGroup over = leading_group(a);
  const LeadingGroup under = leading_group(b);
  const int weight = over.weight - under.weight - (over.digit <= under.digit ? 1 : 0);
  int scale = std::max({16 - weight * 4, 0, a.scale, b.scale});
  scale = std::min(scale, kNumericDigitsMax);
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
  const int scale = std::max(a.scale, b.scale);
  const std::optional<Int128> divisor = widen(b, scale);
  // A divisor of more than 38 digits is larger than `a`, which has its scale.
  if (!divisor) return a;
  Int128 rest = a.unscaled % *divisor;
  for (int i = a.scale; i < scale; ++i) {
    const std::optional<Int128> next = checked_mul(rest, 10);
    if (!next) return std::nullopt;
    rest = *next % *divisor;
  }
  return Numeric{rest, scale};
}

std::optional<Numeric> round(Numeric value, int scale) {
  scale = std::clamp(scale, -kNumericDigitsMax - 1, kNumericDigitsMax);
  if (scale >= value.scale) {
    const std::optional<Int128> widened = widen(value, scale);
    if (!widened) return std::nullopt;
    return Numeric{*widened, scale};
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
  scale = std::max(scale, -kNumericDigitsMax - 1);
  const int by = value.scale - scale;
  const Int128 cut = by > kNumericDigitsMax ? 0 : value.unscaled / power10(by);
  if (scale >= 0) return Numeric{cut, scale};
  if (cut == 0) return Numeric{0, 0};
  const std::optional<Int128> back = checked_mul(cut, power10(-scale));
  if (!back) return std::nullopt;
  return Numeric{*back, 0};
}

std::optional<Numeric> fit(Numeric value, int precision, int scale) {
  // Nothing to round, and small enough for one multiplication that cannot overflow.
  constexpr int kWidenMax = 18;
  const auto low = static_cast<std::int64_t>(value.unscaled);
  if (value.scale <= scale && scale - value.scale <= kWidenMax && low == value.unscaled) {
    const Int128 widened =
        static_cast<Int128>(low) * static_cast<std::int64_t>(power10(scale - value.scale));
    if (magnitude(widened) >= power10(precision)) return std::nullopt;
    return Numeric{widened, scale};
  }
  const std::optional<Numeric> rounded = round(value, scale);
  if (!rounded || magnitude(rounded->unscaled) >= power10(precision)) return std::nullopt;
  return rounded;
}

double to_double(Numeric value) {
  // Both sides are exact doubles, so one division rounds correctly (Clinger, 1990).
  constexpr Int128 kExactMax = Int128{1} << 53;
  if (value.scale <= 22 && magnitude(value.unscaled) <= kExactMax) {
    return static_cast<double>(static_cast<std::int64_t>(value.unscaled)) /
           static_cast<double>(power10(value.scale));
  }
  std::string text;
  append_numeric(text, value);
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

namespace {

// With so many significant digits.
std::optional<Numeric> with_digits(double value, int digits) {
  if (!std::isfinite(value)) return std::nullopt;
  std::array<char, 64> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          std::chars_format::scientific, digits - 1);
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

}  // namespace

std::optional<Numeric> numeric_from_double(double value) { return with_digits(value, 15); }
std::optional<Numeric> numeric_from_real(float value) { return with_digits(value, 6); }

std::optional<std::int64_t> to_int64(Numeric value) {
  const std::optional<Numeric> whole = round(value, 0);
  if (!whole || whole->unscaled > std::numeric_limits<std::int64_t>::max() ||
      whole->unscaled < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(whole->unscaled);
}

}  // namespace weir
