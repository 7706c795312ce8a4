#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "sql/kernel.h"

namespace weir {
namespace {

constexpr double kRadiansPerDegree = 0.0174532925199432957692;

template <class T>
void integers(FunctionTable& table, TypeKind kind, Failure range) {
  const auto op = [&](const char* name, auto f) {
    table.add(name, {kind, kind}, kind, strict<T, T, T>(f));
  };
  op("+", [range](Arena&, T a, T b, T& out) {
    return __builtin_add_overflow(a, b, &out) ? range : kDone;
  });
  op("-", [range](Arena&, T a, T b, T& out) {
    return __builtin_sub_overflow(a, b, &out) ? range : kDone;
  });
  op("*", [range](Arena&, T a, T b, T& out) {
    return __builtin_mul_overflow(a, b, &out) ? range : kDone;
  });
  op("/", [range](Arena&, T a, T b, T& out) {
    if (b == 0) return kZeroDivision;
    if (b == -1) return __builtin_sub_overflow(T{0}, a, &out) ? range : kDone;
    out = static_cast<T>(a / b);
    return kDone;
  });
  for (const char* name : {"%", "mod"}) {
    op(name, [](Arena&, T a, T b, T& out) {
      if (b == 0) return kZeroDivision;
      out = b == -1 ? T{0} : static_cast<T>(a % b);
      return kDone;
    });
  }
  table.add("-", {kind}, kind, strict<T, T>([range](Arena&, T a, T& out) {
              return __builtin_sub_overflow(T{0}, a, &out) ? range : kDone;
            }));
  table.add("abs", {kind}, kind, strict<T, T>([range](Arena&, T a, T& out) {
              if (a == std::numeric_limits<T>::min()) return range;
              out = static_cast<T>(a < 0 ? -a : a);
              return kDone;
            }));
}

// As float.c of PostgreSQL: an infinity that no argument had is an overflow, a zero likewise.
template <class Float>
Failure plus(Float a, Float b, Float& out) {
  out = a + b;
  return std::isinf(out) && !std::isinf(a) && !std::isinf(b) ? kOverflow : kDone;
}
template <class Float>
Failure minus(Float a, Float b, Float& out) {
  return plus(a, -b, out);
}
template <class Float>
Failure multiply(Float a, Float b, Float& out) {
  out = a * b;
  if (std::isinf(out) && !std::isinf(a) && !std::isinf(b)) return kOverflow;
  return out == 0 && a != 0 && b != 0 ? kUnderflow : kDone;
}
template <class Float>
Failure divide(Float a, Float b, Float& out) {
  if (b == 0 && !std::isnan(a)) return kZeroDivision;
  out = a / b;
  if (std::isinf(out) && !std::isinf(a)) return kOverflow;
  return out == 0 && a != 0 && !std::isinf(b) ? kUnderflow : kDone;
}
Failure raise(double a, double b, double& out) {
  if (a == 0 && b < 0) return "zero raised to a negative power is undefined";
  if (a < 0 && !std::isnan(b) && std::floor(b) != b) {
    return "a negative number raised to a non-integer power yields a complex result";
  }
  out = std::pow(a, b);
  if (std::isinf(a) || std::isinf(b)) return kDone;
  if (std::isinf(out)) return kOverflow;
  return out == 0 && a != 0 ? kUnderflow : kDone;
}

Failure grown(double a, double& out) {
  out = std::exp(a);
  if (std::isinf(a)) return kDone;
  return std::isinf(out) ? kOverflow : out == 0 ? kUnderflow : kDone;
}
Failure logarithm(double a, double (*f)(double), double& out) {
  if (a == 0) return "cannot take logarithm of zero";
  if (a < 0) return "cannot take logarithm of a negative number";
  out = f(a);
  return kDone;
}

// A with B, computed as Float.
template <class Float, class A = Float, class B = Float>
void arithmetic(FunctionTable& table, const std::vector<TypeKind>& kinds, TypeKind result) {
  const auto op = [&](const char* name, Failure (*f)(Float, Float, Float&)) {
    table.add(name, kinds, result, strict<Float, A, B>([f](Arena&, A a, B b, Float& out) {
                return f(static_cast<Float>(a), static_cast<Float>(b), out);
              }));
  };
  op("+", &plus<Float>);
  op("-", &minus<Float>);
  op("*", &multiply<Float>);
  op("/", &divide<Float>);
}

void reals(FunctionTable& table) {
  arithmetic<float>(table, {kR, kR}, kR);
  arithmetic<double, float, double>(table, {kR, kD}, kD);
  arithmetic<double, double, float>(table, {kD, kR}, kD);
  const auto one = [&](const char* name, auto f) {
    table.add(name, {kR}, kR, strict<float, float>([f](Arena&, float a, float& out) {
                out = f(a);
                return kDone;
              }));
  };
  one("-", [](float a) { return -a; });
  one("abs", [](float a) { return std::fabs(a); });
}

void doubles(FunctionTable& table) {
  arithmetic<double>(table, {kD, kD}, kD);
  for (const char* name : {"power", "pow", "^"}) {
    table.add(name, {kD, kD}, kD,
              strict<double, double, double>(
                  [](Arena&, double a, double b, double& out) { return raise(a, b, out); }));
  }
  const auto one = [&](const char* name, auto f) {
    table.add(name, {kD}, kD, strict<double, double>([f](Arena&, double a, double& out) {
                out = f(a);
                return kDone;
              }));
  };
  one("-", [](double a) { return -a; });
  one("abs", [](double a) { return std::fabs(a); });
  one("round", [](double a) { return std::nearbyint(a); });
  one("floor", [](double a) { return std::floor(a); });
  for (const char* name : {"ceil", "ceiling"}) one(name, [](double a) { return std::ceil(a); });
  one("trunc", [](double a) { return std::trunc(a); });
  one("sign", [](double a) { return a > 0 ? 1.0 : a < 0 ? -1.0 : 0.0; });
  one("cbrt", [](double a) { return std::cbrt(a); });
  one("degrees", [](double a) { return a / kRadiansPerDegree; });
  one("radians", [](double a) { return a * kRadiansPerDegree; });
  table.add("exp", {kD}, kD,
            strict<double, double>([](Arena&, double a, double& out) { return grown(a, out); }));
  table.add("ln", {kD}, kD, strict<double, double>([](Arena&, double a, double& out) {
              return logarithm(a, std::log, out);
            }));
  for (const char* name : {"log", "log10"}) {
    table.add(name, {kD}, kD, strict<double, double>([](Arena&, double a, double& out) {
                return logarithm(a, std::log10, out);
              }));
  }
  table.add("sqrt", {kD}, kD, strict<double, double>([](Arena&, double a, double& out) -> Failure {
              if (a < 0) return "cannot take square root of a negative number";
              out = std::sqrt(a);
              return kDone;
            }));
}

std::optional<Numeric> negative(Numeric a) { return Numeric{-a.unscaled, a.scale}; }

// Towards zero, and exactly: the remainder is taken away first.
std::optional<Numeric> whole_quotient(Numeric a, Numeric b) {
  const std::optional<Numeric> rest = mod(a, b);
  const std::optional<Numeric> multiple = rest ? sub(a, *rest) : std::nullopt;
  const std::optional<Numeric> quotient = multiple ? div(*multiple, b) : std::nullopt;
  return quotient ? round(*quotient, 0) : std::nullopt;
}

std::optional<Numeric> whole_below(Numeric value) {
  const std::optional<Numeric> cut = trunc(value, 0);
  if (!cut || value.unscaled >= 0 || compare(*cut, value) == 0) return cut;
  return sub(*cut, {1, 0});
}

// Decimal digits of a number that is not negative, most significant first; none for 0.
std::string digits_of(Int128 value) {
  std::string digits;
  for (; value > 0; value /= 10) digits += static_cast<char>('0' + static_cast<int>(value % 10));
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// The scale of PostgreSQL's sqrt: at least 16 significant digits, and as many as the argument has.
int root_scale(Numeric value, int digit_count) {
  // The exponent of the first of its digits, which have base 10,000.
  const int before_point = digit_count - value.scale;
  const int weight =
      value.unscaled == 0 ? 0 : static_cast<int>(std::floor((before_point - 1) / 4.0));
  return std::max({16 - ((weight + 1) * 2 - 1), value.scale, 0});
}

// Two digits of the radicand give one of the root, as by hand; one more than wanted, to round by.
std::optional<Numeric> square_root(Numeric value) {
  __extension__ using Uint128 = unsigned __int128;
  std::string digits = digits_of(value.unscaled);
  const int scale = root_scale(value, static_cast<int>(digits.size()));
  digits.append(static_cast<std::size_t>(2 * (scale + 1) - value.scale), '0');
  if (digits.size() % 2 != 0) digits.insert(0, 1, '0');
  Uint128 root = 0;
  Uint128 rest = 0;
  Uint128 limit = 1;  // 10^36: what is below stays within 128 bits
  for (int i = 0; i < 36; ++i) limit *= 10;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    if (root >= limit) return std::nullopt;
    rest = rest * 100 + static_cast<Uint128>((digits[i] - '0') * 10 + (digits[i + 1] - '0'));
    Uint128 digit = 9;
    while ((root * 20 + digit) * digit > rest) --digit;
    rest -= (root * 20 + digit) * digit;
    root = root * 10 + digit;
  }
  if (scale > kNumericDigitsMax) return std::nullopt;
  return Numeric{static_cast<Int128>((root + 5) / 10), scale};
}

void numerics(FunctionTable& table) {
  using Op = std::optional<Numeric> (*)(Numeric, Numeric);
  const auto op = [&](const char* name, Op f, bool divides) {
    table.add(
        name, {kN, kN}, kN,
        strict<Numeric, Numeric, Numeric>([f, divides](Arena&, Numeric a, Numeric b, Numeric& out) {
          if (divides && b.unscaled == 0) return kZeroDivision;
          const std::optional<Numeric> result = f(a, b);
          if (!result) return kNumericRange;
          out = *result;
          return kDone;
        }));
  };
  op("+", &add, false);
  op("-", &sub, false);
  op("*", &mul, false);
  op("/", &div, true);
  op("%", &mod, true);
  op("mod", &mod, true);
  op("div", &whole_quotient, true);
  const auto one = [&](const char* name, auto f) {
    table.add(name, {kN}, kN, strict<Numeric, Numeric>([f](Arena&, Numeric a, Numeric& out) {
                const std::optional<Numeric> result = f(a);
                if (!result) return kNumericRange;
                out = *result;
                return kDone;
              }));
  };
  one("-", &negative);
  one("abs", [](Numeric a) { return a.unscaled < 0 ? negative(a) : std::optional(a); });
  one("sign", [](Numeric a) {
    return std::optional(Numeric{a.unscaled > 0 ? 1 : a.unscaled < 0 ? -1 : 0, 0});
  });
  one("round", [](Numeric a) { return round(a, 0); });
  one("trunc", [](Numeric a) { return trunc(a, 0); });
  one("floor", &whole_below);
  for (const char* name : {"ceil", "ceiling"}) {
    one(name, [](Numeric a) {
      const std::optional<Numeric> below = whole_below({-a.unscaled, a.scale});
      return below ? negative(*below) : std::nullopt;
    });
  }
  const auto to_scale = [&](const char* name, std::optional<Numeric> (*f)(Numeric, int)) {
    table.add(name, {kN, kI}, kN,
              strict<Numeric, Numeric, std::int32_t>(
                  [f](Arena&, Numeric a, std::int32_t scale, Numeric& out) {
                    const std::optional<Numeric> result =
                        f(a, std::clamp(scale, -kNumericDigitsMax, kNumericDigitsMax));
                    if (!result) return kNumericRange;
                    out = *result;
                    return kDone;
                  }));
  };
  to_scale("round", &round);
  to_scale("trunc", &trunc);
  table.add("sqrt", {kN}, kN, strict<Numeric, Numeric>([](Arena&, Numeric a, Numeric& out) {
              if (a.unscaled < 0) return "cannot take square root of a negative number";
              const std::optional<Numeric> result = square_root(a);
              if (!result) return kNumericRange;
              out = *result;
              return kDone;
            }));
  for (const char* name : {"power", "pow", "^"}) {
    table.refuse(name, {kN, kN},
                 "powers of numeric are not in this version; cast to double precision");
  }
  constexpr const char* kNoLogarithm =
      "exp and logarithms of numeric are not in this version; cast to double precision";
  for (const char* name : {"exp", "ln", "log", "log10"}) table.refuse(name, {kN}, kNoLogarithm);
  table.refuse("log", {kN, kN}, kNoLogarithm);
}

}  // namespace

void add_numbers(FunctionTable& table) {
  integers<std::int16_t>(table, kS, kSmallintRange);
  integers<std::int32_t>(table, kI, kIntegerRange);
  integers<std::int64_t>(table, kL, kBigintRange);
  reals(table);
  doubles(table);
  numerics(table);
}

}  // namespace weir
