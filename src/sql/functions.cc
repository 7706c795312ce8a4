#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <type_traits>

#include "data/json.h"
#include "data/render.h"
#include "sql/node.h"
#include "sql/value_text.h"

namespace weir {
namespace {

using Text = std::string_view;
constexpr TypeKind kB = TypeKind::kBoolean, kI = TypeKind::kInteger, kL = TypeKind::kBigint,
                   kD = TypeKind::kDouble, kN = TypeKind::kNumeric, kT = TypeKind::kText,
                   kZ = TypeKind::kTimestamptz, kJ = TypeKind::kJsonb, kY = TypeKind::kBytea;

// A kernel from a function of values: NULL when an argument is NULL. `f` is called as
// f(arena, a, b, ..., out) and returns null, or why the row fails; "" makes it NULL.
template <class Out, class... Args, class F>
Kernel strict(F f) {
  return [f](KernelCall& call) {
    const std::span<Out> out = call.out.values<Out>();
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const std::tuple<std::span<Args>...> values{call.args[I].template values<Args>()...};
      for (const RowIndex row : call.rows) {
        if ((call.args[I].is_null(row) || ...)) {
          call.out.set_null(row);
          continue;
        }
        const char* const error = f(call.arena, std::get<I>(values)[row]..., out[row]);
        if (error == nullptr) continue;
        if (*error == '\0') {
          call.out.set_null(row);
        } else {
          call.fail(row, error);
        }
      }
    }
    (std::index_sequence_for<Args...>{});
  };
}

constexpr const char* kIntegerRange = "integer out of range";
constexpr const char* kBigintRange = "bigint out of range";
constexpr const char* kNumericRange = "numeric has more than 38 digits";
constexpr const char* kZero = "division by zero";

class Table {
 public:
  Table() {
    comparisons<std::uint8_t>(kB);
    comparisons<std::int32_t>(kI);
    comparisons<std::int64_t>(kL);
    comparisons<double>(kD);
    comparisons<Numeric>(kN);
    comparisons<Text>(kT);
    comparisons<std::int64_t>(kZ);
    comparisons<Text>(kY);
    comparison<Text>(kJ, "=", [](auto order) { return order == 0; });
    comparison<Text>(kJ, "<>", [](auto order) { return order != 0; });
    integers<std::int32_t>(kI, kIntegerRange);
    integers<std::int64_t>(kL, kBigintRange);
    doubles();
    numerics();
    texts();
    times();
    jsons();
    casts();
  }

  std::multimap<std::string, Function, std::less<>> functions;
  std::map<std::pair<TypeKind, TypeKind>, Function> conversions;

 private:
  void add(std::string name, std::vector<TypeKind> args, TypeKind result, Kernel kernel) {
    Function function{name, std::move(args), result, std::move(kernel)};
    functions.emplace(std::move(name), std::move(function));
  }
  void cast(TypeKind from, TypeKind to, Kernel kernel) {
    conversions[{from, to}] = {"cast", {from}, to, std::move(kernel)};
  }

  template <class T, class Test>
  void comparison(TypeKind kind, const char* name, Test test) {
    add(name, {kind, kind}, kB,
        strict<std::uint8_t, T, T>([test](Arena&, T a, T b, std::uint8_t& out) {
          if constexpr (std::is_same_v<T, Numeric>) {
            out = test(compare(a, b)) ? 1 : 0;
          } else if constexpr (std::is_same_v<T, double>) {
            // PostgreSQL: NaN equals NaN and is larger than every other number.
            const int order = std::isnan(a)   ? (std::isnan(b) ? 0 : 1)
                              : std::isnan(b) ? -1
                              : a < b         ? -1
                              : a > b         ? 1
                                              : 0;
            out = test(order) ? 1 : 0;
          } else {
            out = test(a <=> b) ? 1 : 0;
          }
          return static_cast<const char*>(nullptr);
        }));
  }
  template <class T>
  void comparisons(TypeKind kind) {
    comparison<T>(kind, "=", [](auto order) { return order == 0; });
    comparison<T>(kind, "<>", [](auto order) { return order != 0; });
    comparison<T>(kind, "<", [](auto order) { return order < 0; });
    comparison<T>(kind, "<=", [](auto order) { return order <= 0; });
    comparison<T>(kind, ">", [](auto order) { return order > 0; });
    comparison<T>(kind, ">=", [](auto order) { return order >= 0; });
  }

  template <class T>
  void integers(TypeKind kind, const char* range) {
    const auto op = [&](const char* name, auto f) {
      add(name, {kind, kind}, kind, strict<T, T, T>(f));
    };
    op("+", [range](Arena&, T a, T b, T& out) {
      return __builtin_add_overflow(a, b, &out) ? range : nullptr;
    });
    op("-", [range](Arena&, T a, T b, T& out) {
      return __builtin_sub_overflow(a, b, &out) ? range : nullptr;
    });
    op("*", [range](Arena&, T a, T b, T& out) {
      return __builtin_mul_overflow(a, b, &out) ? range : nullptr;
    });
    op("/", [range](Arena&, T a, T b, T& out) {
      if (b == 0) return kZero;
      if (b == -1) return __builtin_sub_overflow(T{0}, a, &out) ? range : nullptr;
      out = static_cast<T>(a / b);
      return static_cast<const char*>(nullptr);
    });
    op("%", [](Arena&, T a, T b, T& out) {
      if (b == 0) return kZero;
      out = b == -1 ? T{0} : static_cast<T>(a % b);
      return static_cast<const char*>(nullptr);
    });
    add("-", {kind}, kind, strict<T, T>([range](Arena&, T a, T& out) {
          return __builtin_sub_overflow(T{0}, a, &out) ? range : nullptr;
        }));
    add("abs", {kind}, kind, strict<T, T>([range](Arena&, T a, T& out) {
          if (a == std::numeric_limits<T>::min()) return range;
          out = static_cast<T>(a < 0 ? -a : a);
          return static_cast<const char*>(nullptr);
        }));
  }

  void doubles() {
    const auto op = [&](const char* name, auto f) {
      add(name, {kD, kD}, kD,
          strict<double, double, double>([f](Arena&, double a, double b, double& out) {
            out = f(a, b);
            const bool overflow = std::isinf(out) && !std::isinf(a) && !std::isinf(b);
            return overflow ? "value out of range: overflow" : static_cast<const char*>(nullptr);
          }));
    };
    op("+", [](double a, double b) { return a + b; });
    op("-", [](double a, double b) { return a - b; });
    op("*", [](double a, double b) { return a * b; });
    add("/", {kD, kD}, kD,
        strict<double, double, double>([](Arena&, double a, double b, double& out) {
          if (b == 0) return kZero;
          out = a / b;
          return static_cast<const char*>(nullptr);
        }));
    const auto one = [&](const char* name, auto f) {
      add(name, {kD}, kD, strict<double, double>([f](Arena&, double a, double& out) {
            out = f(a);
            return static_cast<const char*>(nullptr);
          }));
    };
    one("-", [](double a) { return -a; });
    one("abs", [](double a) { return std::fabs(a); });
    one("round", [](double a) { return std::nearbyint(a); });
    one("floor", [](double a) { return std::floor(a); });
    one("ceil", [](double a) { return std::ceil(a); });
    one("trunc", [](double a) { return std::trunc(a); });
  }

  void numerics() {
    const auto op = [&](const char* name, auto f, bool divides) {
      add(name, {kN, kN}, kN,
          strict<Numeric, Numeric, Numeric>(
              [f, divides](Arena&, Numeric a, Numeric b, Numeric& out) {
                if (divides && b.unscaled == 0) return kZero;
                const std::optional<Numeric> result = f(a, b);
                if (!result) return kNumericRange;
                out = *result;
                return static_cast<const char*>(nullptr);
              }));
    };
    op(
        "+", [](Numeric a, Numeric b) { return weir::add(a, b); }, false);
    op(
        "-", [](Numeric a, Numeric b) { return sub(a, b); }, false);
    op(
        "*", [](Numeric a, Numeric b) { return mul(a, b); }, false);
    op(
        "/", [](Numeric a, Numeric b) { return div(a, b); }, true);
    op(
        "%", [](Numeric a, Numeric b) { return mod(a, b); }, true);
    const auto one = [&](const char* name, auto f) {
      add(name, {kN}, kN, strict<Numeric, Numeric>([f](Arena&, Numeric a, Numeric& out) {
            const std::optional<Numeric> result = f(a);
            if (!result) return kNumericRange;
            out = *result;
            return static_cast<const char*>(nullptr);
          }));
    };
    one("-", [](Numeric a) { return std::optional(Numeric{-a.unscaled, a.scale}); });
    one("abs", [](Numeric a) {
      return std::optional(Numeric{a.unscaled < 0 ? -a.unscaled : a.unscaled, a.scale});
    });
    one("round", [](Numeric a) { return weir::round(a, 0); });
    one("trunc", [](Numeric a) { return weir::trunc(a, 0); });
    one("floor", [](Numeric a) { return whole_below(a); });
    one("ceil", [](Numeric a) {
      const std::optional<Numeric> below = whole_below({-a.unscaled, a.scale});
      return below ? std::optional(Numeric{-below->unscaled, 0}) : std::nullopt;
    });
    add("round", {kN, kI}, kN,
        strict<Numeric, Numeric, std::int32_t>(
            [](Arena&, Numeric a, std::int32_t scale, Numeric& out) {
              const std::optional<Numeric> result = weir::round(a, std::clamp(scale, -38, 38));
              if (!result) return kNumericRange;
              out = *result;
              return static_cast<const char*>(nullptr);
            }));
  }

  static std::optional<Numeric> whole_below(Numeric value) {
    const std::optional<Numeric> cut = weir::trunc(value, 0);
    if (!cut || value.unscaled >= 0 || compare(*cut, value) == 0) return cut;
    return sub(*cut, {1, 0});
  }

  static std::size_t characters(Text text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
  }
  // The byte at which character `index` (from 0) begins.
  static std::size_t byte_of(Text text, std::int64_t index) {
    std::size_t at = 0;
    for (; index > 0 && at < text.size(); --index) {
      for (++at; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
           ++at) {
      }
    }
    return at;
  }
  static Text substring(Text text, std::int64_t from, std::int64_t count) {
    const std::int64_t first = std::max<std::int64_t>(from, 1);
    const std::int64_t last = from + count;
    if (last <= first) return {};
    const std::size_t begin = byte_of(text, first - 1);
    return text.substr(begin, byte_of(text.substr(begin), last - first));
  }
  // LIKE with `%`, `_` and backslash, over bytes; `_` takes a whole character.
  static const char* like(Text text, Text pattern, std::uint8_t& matches) {
    matches = 0;
    std::size_t t = 0, p = 0, star_p = Text::npos, star_t = 0;
    while (t < text.size()) {
      if (p < pattern.size() && pattern[p] == '%') {
        star_p = p++;
        star_t = t;
      } else if (p < pattern.size() && pattern[p] == '_') {
        ++p;
        t += byte_of(text.substr(t), 1);
      } else if (p + 1 == pattern.size() && pattern[p] == '\\') {
        return "LIKE pattern must not end with escape character";
      } else if (p < pattern.size() && pattern[p] == '\\' && pattern[p + 1] == text[t]) {
        p += 2;
        ++t;
      } else if (p < pattern.size() && pattern[p] != '\\' && pattern[p] == text[t]) {
        ++p;
        ++t;
      } else if (star_p != Text::npos) {
        p = star_p + 1;
        star_t += byte_of(text.substr(star_t), 1);
        t = star_t;
      } else {
        return nullptr;
      }
    }
    while (p < pattern.size() && pattern[p] == '%') ++p;
    matches = p == pattern.size() ? 1 : 0;
    return nullptr;
  }
  // The "C" collation: only ASCII letters have a case.
  static Text mapped(Arena& arena, Text text, int (*map)(int)) {
    const std::span<char> copy = arena.array<char>(text.size());
    std::transform(text.begin(), text.end(), copy.begin(), [map](char c) {
      return static_cast<unsigned char>(c) < 0x80 ? static_cast<char>(map(c)) : c;
    });
    return {copy.data(), copy.size()};
  }

  void texts() {
    add("||", {kT, kT}, kT, strict<Text, Text, Text>([](Arena& arena, Text a, Text b, Text& out) {
          const std::span<char> joined = arena.array<char>(a.size() + b.size());
          std::copy(a.begin(), a.end(), joined.begin());
          std::copy(b.begin(), b.end(), joined.begin() + static_cast<std::ptrdiff_t>(a.size()));
          out = {joined.data(), joined.size()};
          return static_cast<const char*>(nullptr);
        }));
    add("~~", {kT, kT}, kB,
        strict<std::uint8_t, Text, Text>(
            [](Arena&, Text a, Text b, std::uint8_t& out) { return like(a, b, out); }));
    add("~~*", {kT, kT}, kB,
        strict<std::uint8_t, Text, Text>([](Arena& arena, Text a, Text b, std::uint8_t& out) {
          return like(mapped(arena, a, std::tolower), mapped(arena, b, std::tolower), out);
        }));
    const auto one = [&](const char* name, auto f) {
      add(name, {kT}, kT, strict<Text, Text>([f](Arena& arena, Text a, Text& out) {
            out = f(arena, a);
            return static_cast<const char*>(nullptr);
          }));
    };
    one("upper", [](Arena& arena, Text a) { return mapped(arena, a, std::toupper); });
    one("lower", [](Arena& arena, Text a) { return mapped(arena, a, std::tolower); });
    one("btrim", [](Arena&, Text a) {
      while (!a.empty() && a.front() == ' ') a.remove_prefix(1);
      while (!a.empty() && a.back() == ' ') a.remove_suffix(1);
      return a;
    });
    for (const char* name : {"length", "char_length"}) {
      add(name, {kT}, kI, strict<std::int32_t, Text>([](Arena&, Text a, std::int32_t& out) {
            out = static_cast<std::int32_t>(characters(a));
            return static_cast<const char*>(nullptr);
          }));
    }
    for (const char* name : {"substr", "substring"}) {
      add(name, {kT, kI}, kT,
          strict<Text, Text, std::int32_t>([](Arena&, Text a, std::int32_t from, Text& out) {
            out = substring(a, from, std::int64_t{1} << 40);
            return static_cast<const char*>(nullptr);
          }));
      add(name, {kT, kI, kI}, kT,
          strict<Text, Text, std::int32_t, std::int32_t>(
              [](Arena&, Text a, std::int32_t from, std::int32_t count, Text& out) {
                if (count < 0) return "negative substring length not allowed";
                out = substring(a, from, count);
                return static_cast<const char*>(nullptr);
              }));
    }
    add("starts_with", {kT, kT}, kB,
        strict<std::uint8_t, Text, Text>([](Arena&, Text a, Text b, std::uint8_t& out) {
          out = a.starts_with(b) ? 1 : 0;
          return static_cast<const char*>(nullptr);
        }));
    add("strpos", {kT, kT}, kI,
        strict<std::int32_t, Text, Text>([](Arena&, Text a, Text b, std::int32_t& out) {
          const std::size_t at = a.find(b);
          out = at == Text::npos ? 0 : static_cast<std::int32_t>(characters(a.substr(0, at)) + 1);
          return static_cast<const char*>(nullptr);
        }));
  }

  static constexpr std::int64_t kSecond = 1'000'000, kDay = 86'400 * kSecond;
  static std::int64_t floor_to(std::int64_t time, std::int64_t unit) {
    return time - ((time % unit) + unit) % unit;
  }

  void times() {
    add("date_trunc", {kT, kZ}, kZ,
        strict<std::int64_t, Text, std::int64_t>(
            [](Arena& arena, Text name, std::int64_t time, std::int64_t& out) {
              const Text field = mapped(arena, name, std::tolower);
              using namespace std::chrono;
              const year_month_day date(floor<days>(sys_time<microseconds>(microseconds(time))));
              const auto at = [](year_month_day day) {
                return duration_cast<microseconds>(sys_days(day).time_since_epoch()).count();
              };
              if (field == "microseconds")
                out = time;
              else if (field == "milliseconds")
                out = floor_to(time, 1000);
              else if (field == "second")
                out = floor_to(time, kSecond);
              else if (field == "minute")
                out = floor_to(time, 60 * kSecond);
              else if (field == "hour")
                out = floor_to(time, 3600 * kSecond);
              else if (field == "day")
                out = floor_to(time, kDay);
              else if (field == "week")
                out = floor_to(time - 4 * kDay, 7 * kDay) + 4 * kDay;  // 1970-01-05 was a Monday
              else if (field == "month")
                out = at(date.year() / date.month() / 1);
              else if (field == "year")
                out = at(date.year() / 1 / 1);
              else
                return "date_trunc takes microseconds, milliseconds, second, minute, hour, day, "
                       "week, month or year";
              return static_cast<const char*>(nullptr);
            }));
    add("extract", {kT, kZ}, kN,
        strict<Numeric, Text, std::int64_t>(
            [](Arena& arena, Text field, std::int64_t time, Numeric& out) {
              return extract(mapped(arena, field, std::tolower), time, out);
            }));
    add("date_part", {kT, kZ}, kD,
        strict<double, Text, std::int64_t>(
            [](Arena& arena, Text field, std::int64_t time, double& out) {
              Numeric value;
              const char* const error = extract(mapped(arena, field, std::tolower), time, value);
              out = to_double(value);
              return error;
            }));
  }

  static const char* extract(Text field, std::int64_t time, Numeric& out) {
    using namespace std::chrono;
    const auto day = floor<days>(sys_time<microseconds>(microseconds(time)));
    const year_month_day date(day);
    const std::int64_t in_day = time - floor_to(time, kDay);
    const auto whole = [&](std::int64_t value) { out = {value, 0}; };
    if (field == "year")
      whole(static_cast<int>(date.year()));
    else if (field == "month")
      whole(static_cast<unsigned>(date.month()));
    else if (field == "day")
      whole(static_cast<unsigned>(date.day()));
    else if (field == "hour")
      whole(in_day / (3600 * kSecond));
    else if (field == "minute")
      whole(in_day / (60 * kSecond) % 60);
    else if (field == "second")
      out = {in_day % (60 * kSecond), 6};
    else if (field == "epoch")
      out = {time, 6};
    else if (field == "dow")
      whole(weekday(day).c_encoding());
    else if (field == "isodow")
      whole(weekday(day).iso_encoding());
    else if (field == "doy")
      whole((day - sys_days(date.year() / 1 / 1)).count() + 1);
    else
      return "extract takes year, month, day, hour, minute, second, epoch, dow, isodow "
             "or doy";
    return nullptr;
  }

  void jsons() {
    add("->", {kJ, kT}, kJ, strict<Text, Text, Text>([](Arena&, Text value, Text key, Text& out) {
          const std::optional<Text> found = json_get(value, key);
          if (found) out = *found;
          return found ? nullptr : "";
        }));
    add("->", {kJ, kI}, kJ,
        strict<Text, Text, std::int32_t>([](Arena&, Text value, std::int32_t index, Text& out) {
          const std::optional<Text> found = json_get(value, std::int64_t{index});
          if (found) out = *found;
          return found ? nullptr : "";
        }));
    add("->>", {kJ, kT}, kT,
        strict<Text, Text, Text>([](Arena& arena, Text value, Text key, Text& out) {
          const std::optional<Text> found = json_get(value, key);
          const std::optional<Text> text = found ? json_as_text(*found, arena) : std::nullopt;
          if (text) out = *text;
          return text ? nullptr : "";
        }));
    add("->>", {kJ, kI}, kT,
        strict<Text, Text, std::int32_t>(
            [](Arena& arena, Text value, std::int32_t index, Text& out) {
              const std::optional<Text> found = json_get(value, std::int64_t{index});
              const std::optional<Text> text = found ? json_as_text(*found, arena) : std::nullopt;
              if (text) out = *text;
              return text ? nullptr : "";
            }));
  }

  template <class From, class To, class F>
  void convert(TypeKind from, TypeKind to, F f, const char* error) {
    cast(from, to, strict<To, From>([f, error](Arena& arena, From value, To& out) {
           const auto result = f(arena, value);
           if (!result) return error;
           out = static_cast<To>(*result);
           return static_cast<const char*>(nullptr);
         }));
  }

  void casts() {
    using I32 = std::int32_t;
    using I64 = std::int64_t;
    convert<I32, I64>(
        kI, kL, [](Arena&, I32 a) { return std::optional<I64>(a); }, "");
    convert<I32, double>(
        kI, kD, [](Arena&, I32 a) { return std::optional<double>(a); }, "");
    convert<I64, double>(
        kL, kD, [](Arena&, I64 a) { return std::optional<double>(static_cast<double>(a)); }, "");
    convert<I32, Numeric>(
        kI, kN,
        [](Arena&, I32 a) {
          return std::optional(Numeric{a, 0});
        },
        "");
    convert<I64, Numeric>(
        kL, kN,
        [](Arena&, I64 a) {
          return std::optional(Numeric{a, 0});
        },
        "");
    convert<Numeric, double>(
        kN, kD, [](Arena&, Numeric a) { return std::optional(to_double(a)); }, "");
    convert<double, Numeric>(
        kD, kN, [](Arena&, double a) { return numeric_from_double(a); }, kNumericRange);
    convert<I64, I32>(
        kL, kI,
        [](Arena&, I64 a) {
          return a >= INT32_MIN && a <= INT32_MAX ? std::optional(a) : std::nullopt;
        },
        kIntegerRange);
    convert<Numeric, I64>(
        kN, kL, [](Arena&, Numeric a) { return to_int64(a); }, kBigintRange);
    const auto narrow = [](std::optional<I64> a) {
      return a && *a >= INT32_MIN && *a <= INT32_MAX ? a : std::nullopt;
    };
    convert<Numeric, I32>(
        kN, kI, [narrow](Arena&, Numeric a) { return narrow(to_int64(a)); }, kIntegerRange);
    const auto whole = [](double a) {
      return std::fabs(a) < 9.2e18 ? std::optional(static_cast<I64>(std::nearbyint(a)))
                                   : std::nullopt;
    };
    convert<double, I64>(
        kD, kL, [whole](Arena&, double a) { return whole(a); }, kBigintRange);
    convert<double, I32>(
        kD, kI, [whole, narrow](Arena&, double a) { return narrow(whole(a)); }, kIntegerRange);
    convert<std::uint8_t, I32>(
        kB, kI, [](Arena&, std::uint8_t a) { return std::optional<I32>(a); }, "");
    convert<I32, std::uint8_t>(
        kI, kB, [](Arena&, I32 a) { return std::optional<int>(a != 0 ? 1 : 0); }, "");
    convert<Text, I64>(
        kT, kL, [](Arena&, Text a) { return parse_integer(a); }, "not a bigint");
    convert<Text, I32>(
        kT, kI, [narrow](Arena&, Text a) { return narrow(parse_integer(a)); }, "not an integer");
    convert<Text, Numeric>(
        kT, kN, [](Arena&, Text a) { return parse_numeric(trim_blanks(a)); }, "not a numeric");
    convert<Text, double>(
        kT, kD, [](Arena&, Text a) { return parse_double(a); }, "not a double precision");
    convert<Text, std::uint8_t>(
        kT, kB,
        [](Arena&, Text a) {
          const std::optional<bool> value = parse_boolean(a);
          return value ? std::optional<int>(*value ? 1 : 0) : std::nullopt;
        },
        "not a boolean");
    convert<Text, I64>(
        kT, kZ, [](Arena&, Text a) { return parse_timestamp(a); }, "not a timestamptz");
    convert<Text, Text>(
        kT, kJ,
        [](Arena& arena, Text a) {
          const Result<Text> json = canonical_json(arena.copy(a, kValuePadding), arena);
          return json ? std::optional(*json) : std::nullopt;
        },
        "not JSON");
    convert<Text, Text>(
        kT, kY,
        [](Arena& arena, Text a) {
          const std::optional<std::string> bytes = parse_bytea(a);
          return bytes ? std::optional(arena.copy(*bytes)) : std::nullopt;
        },
        "not a bytea");
    convert<Text, Text>(
        kY, kT, [](Arena&, Text a) { return is_utf8(a) ? std::optional(a) : std::nullopt; },
        "bytea is not valid UTF-8");
    for (const TypeKind kind : {kB, kI, kL, kD, kN, kZ, kJ}) {
      cast(kind, kT, [](KernelCall& call) {
        std::string text;
        for (const RowIndex row : call.rows) {
          if (call.args[0].is_null(row)) {
            call.out.set_null(row);
            continue;
          }
          text.clear();
          append_text(text, call.args[0], row);
          call.out.values<Text>()[row] = call.arena.copy(text);
        }
      });
    }
  }
};

const Table& table() {
  static const Table instance;
  return instance;
}

}  // namespace

std::vector<const Function*> find_functions(std::string_view name) {
  std::vector<const Function*> found;
  const auto [from, to] = table().functions.equal_range(name);
  for (auto at = from; at != to; ++at) found.push_back(&at->second);
  return found;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, function] : table().functions) {
    const bool word = name[0] >= 'a' && name[0] <= 'z';
    if (word && (names.empty() || names.back() != name)) names.push_back(name);
  }
  return names;
}

const Function* find_cast(TypeKind from, TypeKind to) {
  const auto found = table().conversions.find({from, to});
  return found == table().conversions.end() ? nullptr : &found->second;
}

}  // namespace weir
