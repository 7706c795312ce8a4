#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "data/json.h"
#include "data/render.h"
#include "sql/jsons.h"
#include "sql/kernel.h"
#include "sql/value_text.h"

namespace weir {
namespace {

using I16 = std::int16_t;
using I32 = std::int32_t;
using I64 = std::int64_t;
using Bool = std::uint8_t;

// `f` answers with a value, or nothing: then the row fails with `failure`.
template <class From, class To, class F>
void convert(FunctionTable& table, TypeKind from, TypeKind to, F f, Failure failure) {
  table.cast(from, to, strict<To, From>([f, failure](Arena& arena, From value, To& out) {
               const auto result = f(arena, value);
               if (!result) return failure;
               out = static_cast<To>(*result);
               return kDone;
             }));
}

// Into a whole number, half to even; nothing when it does not fit.
template <class To, class From>
std::optional<To> whole(From value) {
  if constexpr (std::is_floating_point_v<From>) {
    const double rounded = std::nearbyint(static_cast<double>(value));
    const double limit = -static_cast<double>(std::numeric_limits<To>::min());
    // 2^63 itself is not a bigint.
    if (!(rounded >= -limit && rounded < limit)) return std::nullopt;
    return static_cast<To>(rounded);
  } else if constexpr (std::is_same_v<From, Numeric>) {
    const std::optional<I64> wide = to_int64(value);
    return wide ? whole<To>(*wide) : std::nullopt;
  } else {
    if (!std::in_range<To>(value)) return std::nullopt;
    return static_cast<To>(value);
  }
}

template <class From>
std::optional<Numeric> decimal(From value) {
  if constexpr (std::is_same_v<From, double>) {
    return numeric_from_double(value);
  } else if constexpr (std::is_same_v<From, float>) {
    return numeric_from_real(value);
  } else {
    return Numeric{value, 0};
  }
}

// Into a real from a numeric: the digits are read, as rounding twice would be another value.
std::optional<float> real_of(Numeric value) {
  std::string digits;
  append_numeric(digits, value);
  return parse_real(digits);
}

template <class To, class From>
void to_whole(FunctionTable& table, TypeKind from, TypeKind to, Failure range) {
  convert<From, To>(
      table, from, to, [](Arena&, From a) { return whole<To>(a); }, range);
}

template <class From>
void from_number(FunctionTable& table, TypeKind from) {
  if (from != kS) to_whole<I16, From>(table, from, kS, kSmallintRange);
  if (from != kI) to_whole<I32, From>(table, from, kI, kIntegerRange);
  if (from != kL) to_whole<I64, From>(table, from, kL, kBigintRange);
  if constexpr (!std::is_same_v<From, Numeric>) {
    convert<From, Numeric>(
        table, from, kN, [](Arena&, From a) { return decimal(a); }, kNumericRange);
  }
  if constexpr (std::is_integral_v<From> || std::is_same_v<From, float>) {
    convert<From, double>(
        table, from, kD, [](Arena&, From a) { return std::optional(static_cast<double>(a)); },
        kDone);
  }
  if constexpr (std::is_integral_v<From>) {
    convert<From, float>(
        table, from, kR, [](Arena&, From a) { return std::optional(static_cast<float>(a)); },
        kDone);
  }
}

void numbers(FunctionTable& table) {
  from_number<I16>(table, kS);
  from_number<I32>(table, kI);
  from_number<I64>(table, kL);
  from_number<float>(table, kR);
  from_number<double>(table, kD);
  from_number<Numeric>(table, kN);
  convert<Numeric, double>(
      table, kN, kD, [](Arena&, Numeric a) { return std::optional(to_double(a)); }, kDone);
  convert<Numeric, float>(
      table, kN, kR, [](Arena&, Numeric a) { return real_of(a); }, "real out of range");
  table.cast(kD, kR, strict<float, double>([](Arena&, double a, float& out) {
               out = static_cast<float>(a);
               if (std::isinf(out) && !std::isinf(a)) return kOverflow;
               return out == 0 && a != 0 ? kUnderflow : kDone;
             }));
  convert<Bool, I32>(
      table, kB, kI, [](Arena&, Bool a) { return std::optional<I32>(a); }, kDone);
  convert<I32, Bool>(
      table, kI, kB, [](Arena&, I32 a) { return std::optional<int>(a != 0 ? 1 : 0); }, kDone);
}

// By a reader of texts, with or without the white space around.
template <class To, class F>
void reads(FunctionTable& table, TypeKind to, F read, Failure failure) {
  convert<Text, To>(
      table, kT, to, [read](Arena&, Text a) { return read(a); }, failure);
}
template <class To, class F>
void reads_trimmed(FunctionTable& table, TypeKind to, F read, Failure failure) {
  reads<To>(
      table, to, [read](Text a) { return read(trim_blanks(a)); }, failure);
}

template <class To>
std::optional<To> read_whole(Text text) {
  const std::optional<I64> value = parse_integer(text);
  return value ? whole<To>(*value) : std::nullopt;
}

void read_texts(FunctionTable& table) {
  reads<I16>(table, kS, &read_whole<I16>, "not a smallint");
  reads<I32>(table, kI, &read_whole<I32>, "not an integer");
  reads<I64>(table, kL, &parse_integer, "not a bigint");
  reads<float>(table, kR, &parse_real, "not a real");
  reads<double>(table, kD, &parse_double, "not a double precision");
  reads_trimmed<Numeric>(table, kN, &parse_numeric, "not a numeric");
  reads_trimmed<I32>(table, kA, &parse_date, "not a date");
  reads_trimmed<I64>(table, kP, &parse_local_timestamp, "not a timestamp");
  reads_trimmed<I64>(table, kZ, &parse_timestamp, "not a timestamptz");
  reads<Interval>(table, kV, &parse_interval, "not an interval");
  reads<Uuid>(table, kU, &parse_uuid, "not a uuid");
  convert<Text, Bool>(
      table, kT, kB,
      [](Arena&, Text a) {
        const std::optional<bool> value = parse_boolean(a);
        return value ? std::optional<int>(*value ? 1 : 0) : std::nullopt;
      },
      "not a boolean");
  convert<Text, Text>(
      table, kT, kJ,
      [](Arena& arena, Text a) {
        const Result<Text> json = canonical_json(arena.copy(a, kValuePadding), arena);
        return json ? std::optional(*json) : std::nullopt;
      },
      "not JSON");
  convert<Text, Text>(
      table, kT, kY,
      [](Arena& arena, Text a) {
        const std::optional<std::string> bytes = parse_bytea(a);
        return bytes ? std::optional(arena.copy(*bytes)) : std::nullopt;
      },
      "not a bytea");
}

void write_texts(FunctionTable& table) {
  for (const TypeKind kind : type_kinds()) {
    if (kind == kT || kind == kJ) continue;
    table.cast(kind, kT, [](KernelCall& call) {
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
  convert<Text, Text>(
      table, kJ, kT, [](Arena& arena, Text a) { return std::optional(json_text(arena, a)); },
      kDone);
}

std::optional<Numeric> json_number(Text value) {
  const bool number = !value.empty() && (value[0] == '-' || (value[0] >= '0' && value[0] <= '9'));
  return number ? parse_numeric(value) : std::nullopt;
}

// A value of jsonb that is no number, or none that the type holds, fails: PostgreSQL casts a JSON
// null to no type either.
void read_jsons(FunctionTable& table) {
  constexpr Failure kNoNumber = "this jsonb value is no number that fits";
  convert<Text, Numeric>(
      table, kJ, kN, [](Arena&, Text a) { return json_number(a); }, kNoNumber);
  const auto binary = [](Text a, auto read) -> decltype(read(a)) {
    const bool number = !a.empty() && (a[0] == '-' || (a[0] >= '0' && a[0] <= '9'));
    return number ? read(a) : std::nullopt;
  };
  convert<Text, double>(
      table, kJ, kD, [binary](Arena&, Text a) { return binary(a, &parse_double); }, kNoNumber);
  convert<Text, float>(
      table, kJ, kR, [binary](Arena&, Text a) { return binary(a, &parse_real); }, kNoNumber);
  const auto whole_number = [&]<class To>(TypeKind to, std::type_identity<To>) {
    convert<Text, To>(
        table, kJ, to,
        [](Arena&, Text a) {
          const std::optional<Numeric> number = json_number(a);
          return number ? whole<To>(*number) : std::nullopt;
        },
        kNoNumber);
  };
  whole_number(kS, std::type_identity<I16>{});
  whole_number(kI, std::type_identity<I32>{});
  whole_number(kL, std::type_identity<I64>{});
  convert<Text, Bool>(
      table, kJ, kB,
      [](Arena&, Text a) {
        return a == "true" || a == "false" ? std::optional<int>(a == "true" ? 1 : 0) : std::nullopt;
      },
      "this jsonb value is no boolean");
}

}  // namespace

void add_casts(FunctionTable& table) {
  numbers(table);
  read_texts(table);
  write_texts(table);
  read_jsons(table);
}

}  // namespace weir
