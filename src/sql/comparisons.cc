#include <cmath>
#include <type_traits>

#include "sql/kernel.h"

namespace weir {
namespace {

// PostgreSQL's order: NaN equals NaN and is larger than every other number.
template <class T>
int order_of(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(a)) return std::isnan(b) ? 0 : 1;
    if (std::isnan(b)) return -1;
    return a < b ? -1 : a > b ? 1 : 0;
  } else if constexpr (std::is_same_v<T, Numeric>) {
    const auto order = compare(a, b);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  } else {
    return a < b ? -1 : b < a ? 1 : 0;
  }
}

template <class T, class Test>
void comparison(FunctionTable& table, TypeKind kind, const char* name, Test test) {
  table.add(name, {kind, kind}, kB,
            strict<std::uint8_t, T, T>([test](Arena&, T a, T b, std::uint8_t& out) {
              out = test(order_of(a, b)) ? 1 : 0;
              return kDone;
            }));
}

// The largest or smallest of the arguments that are not NULL; NULL when all are.
template <class T>
Kernel extreme(int wanted) {
  return [wanted](KernelCall& call) {
    const std::span<T> out = call.out.values<T>();
    for (const RowIndex row : call.rows) {
      bool any = false;
      for (const Column& arg : call.args) {
        if (arg.is_null(row)) continue;
        const T value = arg.values<T>()[row];
        if (!any || order_of(value, out[row]) == wanted) out[row] = value;
        any = true;
      }
      if (!any) call.out.set_null(row);
    }
  };
}

template <class T>
void equality(FunctionTable& table, TypeKind kind) {
  comparison<T>(table, kind, "=", [](int order) { return order == 0; });
  comparison<T>(table, kind, "<>", [](int order) { return order != 0; });
}

template <class T>
void comparisons(FunctionTable& table, TypeKind kind) {
  equality<T>(table, kind);
  comparison<T>(table, kind, "<", [](int order) { return order < 0; });
  comparison<T>(table, kind, "<=", [](int order) { return order <= 0; });
  comparison<T>(table, kind, ">", [](int order) { return order > 0; });
  comparison<T>(table, kind, ">=", [](int order) { return order >= 0; });
  table.add_variadic("greatest", kind, extreme<T>(1));
  table.add_variadic("least", kind, extreme<T>(-1));
}

}  // namespace

void add_comparisons(FunctionTable& table) {
  comparisons<std::uint8_t>(table, kB);
  comparisons<std::int32_t>(table, kI);
  comparisons<std::int64_t>(table, kL);
  comparisons<double>(table, kD);
  comparisons<Numeric>(table, kN);
  comparisons<Text>(table, kT);
  comparisons<std::int64_t>(table, kZ);
  comparisons<Text>(table, kY);
  // PostgreSQL orders jsonb by kind, size and then value; nobody sorts a stream by it.
  equality<Text>(table, kJ);
  for (const char* name : {"<", "<=", ">", ">="}) {
    table.refuse(name, {kJ, kJ},
                 "jsonb values are equal or not, their order is not in this version");
  }
}

}  // namespace weir
