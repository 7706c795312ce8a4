#include <cmath>
#include <optional>

#include "data/json.h"
#include "data/render.h"
#include "sql/jsons.h"
#include "sql/kernel.h"
#include "sql/value_text.h"

namespace weir {
namespace {

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

std::optional<I64> as_integer(std::optional<I64> value) {
  return value && *value >= INT32_MIN && *value <= INT32_MAX ? value : std::nullopt;
}

std::optional<I64> whole(double value) {
  // 2^63 itself is not a bigint.
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return std::nullopt;
  return static_cast<I64>(std::nearbyint(value));
}

// Conversions that lose nothing; these are the implicit ones.
void widen(FunctionTable& table) {
  convert<I32, I64>(
      table, kI, kL, [](Arena&, I32 a) { return std::optional<I64>(a); }, kDone);
  convert<I32, double>(
      table, kI, kD, [](Arena&, I32 a) { return std::optional<double>(a); }, kDone);
  convert<I64, double>(
      table, kL, kD, [](Arena&, I64 a) { return std::optional(static_cast<double>(a)); }, kDone);
  convert<I32, Numeric>(
      table, kI, kN,
      [](Arena&, I32 a) {
        return std::optional(Numeric{a, 0});
      },
      kDone);
  convert<I64, Numeric>(
      table, kL, kN,
      [](Arena&, I64 a) {
        return std::optional(Numeric{a, 0});
      },
      kDone);
  convert<Numeric, double>(
      table, kN, kD, [](Arena&, Numeric a) { return std::optional(to_double(a)); }, kDone);
}

void narrow(FunctionTable& table) {
  convert<double, Numeric>(
      table, kD, kN, [](Arena&, double a) { return numeric_from_double(a); }, kNumericRange);
  convert<I64, I32>(
      table, kL, kI, [](Arena&, I64 a) { return as_integer(a); }, kIntegerRange);
  convert<Numeric, I64>(
      table, kN, kL, [](Arena&, Numeric a) { return to_int64(a); }, kBigintRange);
  convert<Numeric, I32>(
      table, kN, kI, [](Arena&, Numeric a) { return as_integer(to_int64(a)); }, kIntegerRange);
  convert<double, I64>(
      table, kD, kL, [](Arena&, double a) { return whole(a); }, kBigintRange);
  convert<double, I32>(
      table, kD, kI, [](Arena&, double a) { return as_integer(whole(a)); }, kIntegerRange);
  convert<Bool, I32>(
      table, kB, kI, [](Arena&, Bool a) { return std::optional<I32>(a); }, kDone);
  convert<I32, Bool>(
      table, kI, kB, [](Arena&, I32 a) { return std::optional<int>(a != 0 ? 1 : 0); }, kDone);
}

void read_texts(FunctionTable& table) {
  convert<Text, I64>(
      table, kT, kL, [](Arena&, Text a) { return parse_integer(a); }, "not a bigint");
  convert<Text, I32>(
      table, kT, kI, [](Arena&, Text a) { return as_integer(parse_integer(a)); }, "not an integer");
  convert<Text, Numeric>(
      table, kT, kN, [](Arena&, Text a) { return parse_numeric(trim_blanks(a)); }, "not a numeric");
  convert<Text, double>(
      table, kT, kD, [](Arena&, Text a) { return parse_double(a); }, "not a double precision");
  convert<Text, Bool>(
      table, kT, kB,
      [](Arena&, Text a) {
        const std::optional<bool> value = parse_boolean(a);
        return value ? std::optional<int>(*value ? 1 : 0) : std::nullopt;
      },
      "not a boolean");
  convert<Text, I64>(
      table, kT, kZ, [](Arena&, Text a) { return parse_timestamp(trim_blanks(a)); },
      "not a timestamptz");
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
  for (const TypeKind kind : {kB, kI, kL, kD, kN, kZ, kY}) {
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
  convert<Text, double>(
      table, kJ, kD,
      [](Arena&, Text a) {
        const bool number = !a.empty() && (a[0] == '-' || (a[0] >= '0' && a[0] <= '9'));
        return number ? parse_double(a) : std::nullopt;
      },
      kNoNumber);
  const auto integer = [](Text a) {
    const std::optional<Numeric> number = json_number(a);
    return number ? to_int64(*number) : std::nullopt;
  };
  convert<Text, I64>(
      table, kJ, kL, [integer](Arena&, Text a) { return integer(a); }, kNoNumber);
  convert<Text, I32>(
      table, kJ, kI, [integer](Arena&, Text a) { return as_integer(integer(a)); }, kNoNumber);
  convert<Text, Bool>(
      table, kJ, kB,
      [](Arena&, Text a) {
        return a == "true" || a == "false" ? std::optional<int>(a == "true" ? 1 : 0) : std::nullopt;
      },
      "this jsonb value is no boolean");
}

}  // namespace

void add_casts(FunctionTable& table) {
  widen(table);
  narrow(table);
  read_texts(table);
  write_texts(table);
  read_jsons(table);
}

}  // namespace weir
