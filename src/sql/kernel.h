#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "sql/node.h"

namespace weir {

/// What the files of functions (numbers.cc, texts.cc, ...) share: the table they fill, and the way
/// from a function of values to a kernel over columns.

using Text = std::string_view;
constexpr TypeKind kB = TypeKind::kBoolean, kI = TypeKind::kInteger, kL = TypeKind::kBigint,
                   kD = TypeKind::kDouble, kN = TypeKind::kNumeric, kT = TypeKind::kText,
                   kZ = TypeKind::kTimestamptz, kJ = TypeKind::kJsonb, kY = TypeKind::kBytea,
                   kS = TypeKind::kSmallint, kR = TypeKind::kReal, kA = TypeKind::kDate,
                   kP = TypeKind::kTimestamp, kV = TypeKind::kInterval, kU = TypeKind::kUuid;

/// What a function of values answers: null is done, "" is NULL, else why the row fails.
using Failure = const char*;
constexpr Failure kDone = nullptr;
constexpr Failure kIsNull = "";

constexpr Failure kSmallintRange = "smallint out of range";
constexpr Failure kIntegerRange = "integer out of range";
constexpr Failure kBigintRange = "bigint out of range";
constexpr Failure kNumericRange = "numeric has more than 38 digits";
constexpr Failure kDateRange = "date out of range";
constexpr Failure kTimeRange = "timestamp out of range";
constexpr Failure kIntervalRange = "interval out of range";
constexpr Failure kZeroDivision = "division by zero";
constexpr Failure kOverflow = "value out of range: overflow";
constexpr Failure kUnderflow = "value out of range: underflow";
constexpr Failure kTextTooLong = "the text would be longer than 16 MiB";

/// What one call may make of its arguments; more than a Kafka record ever holds.
constexpr std::size_t kTextBytesMax = 16U << 20U;

/// The values of one argument; a column of one row holds every row's.
template <class T>
class Cells {
 public:
  explicit Cells(const Column& column)
      : values_(column.values<T>().data()), mask_(column.rows() == 1 ? 0 : ~RowIndex{0}) {}
  const T& operator[](RowIndex row) const { return values_[row & mask_]; }

 private:
  const T* values_;
  RowIndex mask_;
};

/// Makes the result NULL where an argument is; false when none is, in any row.
bool put_nulls(KernelCall& call);

/// A kernel that is NULL when an argument is; `f` is called as f(arena, a, b, ..., out).
template <class Out, class... Args, class F>
Kernel strict(F f) {
  Kernel kernel = [f](KernelCall& call) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      Out* const out = call.out.values<Out>().data();
      const std::tuple<Cells<Args>...> values{Cells<Args>(call.args[I])...};
      const bool nulls = put_nulls(call);
      for (const RowIndex row : call.rows) {
        if (nulls && call.out.is_null(row)) continue;
        const Failure failure = f(call.arena, std::get<I>(values)[row]..., out[row]);
        if (failure == kDone) [[likely]]
          continue;
        if (*failure == '\0') {
          call.out.set_null(row);
        } else {
          call.fail(row, failure);
        }
      }
    }
    (std::index_sequence_for<Args...>{});
  };
  kernel.takes_constants = true;
  return kernel;
}

/// Every function, operator and cast; filled once, by the files of functions.
///
/// Thread: any, immutable once filled.
class FunctionTable {
 public:
  Function& add(std::string name, std::vector<TypeKind> args, TypeKind result, Kernel kernel) {
    return put({name, std::move(args), result, std::move(kernel)});
  }
  /// Any number of arguments of one kind, `kind`; the kernel looks at all of them.
  void add_variadic(const std::string& name, TypeKind kind, Kernel kernel) {
    variadics[{name, kind}] = {name, {kind}, kind, std::move(kernel)};
  }
  /// PostgreSQL would call this one, and weir cannot: `why` is what a person reads.
  void refuse(const std::string& name, std::vector<TypeKind> args, std::string why) {
    put({name, std::move(args), kT, {}}).refusal = std::move(why);
  }
  void cast(TypeKind from, TypeKind to, Kernel kernel) {
    casts[{from, to}] = {"cast", {from}, to, std::move(kernel)};
  }

  std::multimap<std::string, Function, std::less<>> functions;
  std::map<std::pair<std::string, TypeKind>, Function> variadics;
  std::map<std::pair<TypeKind, TypeKind>, Function> casts;

 private:
  Function& put(Function function) {
    std::string name = function.name;
    return functions.emplace(std::move(name), std::move(function))->second;
  }
};

void add_comparisons(FunctionTable& table);
void add_numbers(FunctionTable& table);
void add_texts(FunctionTable& table);
void add_patterns(FunctionTable& table);
void add_regexes(FunctionTable& table);
void add_letters(FunctionTable& table);
void add_bytes(FunctionTable& table);
void add_times(FunctionTable& table);
void add_json_makers(FunctionTable& table);
void add_jsons(FunctionTable& table);
void add_casts(FunctionTable& table);

// Characters of UTF-8 text (texts.cc).

std::size_t character_count(Text text);
/// The byte at which character `index` (from 0) begins; the size behind the last.
std::size_t byte_of_character(Text text, std::int64_t index);
/// In the "C" collation: only ASCII letters have a case.
Text lower_case(Arena& arena, Text text);

}  // namespace weir
