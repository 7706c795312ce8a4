#include <cmath>
#include <cstring>
#include <type_traits>

#include "sql/kernel.h"

namespace weir {
namespace {

// PostgreSQL's order: NaN equals NaN and is larger than every other number.
template <class T>
bool less(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a < b || (std::isnan(b) && !std::isnan(a));
  } else if constexpr (std::is_same_v<T, Numeric> || std::is_same_v<T, Interval>) {
    return compare(a, b) < 0;
  } else {
    return a < b;
  }
}
template <class Word>
bool same_word(const char* a, const char* b) {
  Word x{};
  Word y{};
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return x == y;
}

// Most texts that are compared are short, and a call of memcmp would cost more than they do. Two
// words, which may overlap, cover all of one.
template <class Word>
bool same_ends(Text a, Text b) {
  const std::size_t last = a.size() - sizeof(Word);
  return same_word<Word>(a.data(), b.data()) && same_word<Word>(a.data() + last, b.data() + last);
}
bool same_text(Text a, Text b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size > 2 * sizeof(std::uint64_t)) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= sizeof(std::uint64_t)) return same_ends<std::uint64_t>(a, b);
  if (size >= sizeof(std::uint32_t)) return same_ends<std::uint32_t>(a, b);
  if (size >= sizeof(std::uint16_t)) return same_ends<std::uint16_t>(a, b);
  return size == 0 || a[0] == b[0];
}

template <class T>
bool equal(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a == b || (std::isnan(a) && std::isnan(b));
  } else if constexpr (std::is_same_v<T, Numeric> || std::is_same_v<T, Interval>) {
    return compare(a, b) == 0;
  } else if constexpr (std::is_same_v<T, Text>) {
    return same_text(a, b);
  } else {
    return a == b;
  }
}

// A compares with B as T.
template <class T, class A, class B, class Test>
void comparison(FunctionTable& table, std::vector<TypeKind> kinds, const char* name, Test test) {
  table.add(name, std::move(kinds), kB,
            strict<std::uint8_t, A, B>([test](Arena&, const A& a, const B& b, std::uint8_t& out) {
              out = test(T(a), T(b)) ? 1 : 0;
              return kDone;
            }));
}

// The largest or smallest of the arguments that are not NULL; NULL when all are.
template <class T>
Kernel extreme(bool largest) {
  return [largest](KernelCall& call) {
    const std::span<T> out = call.out.values<T>();
    for (const RowIndex row : call.rows) {
      bool any = false;
      for (const Column& arg : call.args) {
        if (arg.is_null(row)) continue;
        const T value = arg.values<T>()[row];
        if (!any || (largest ? less(out[row], value) : less(value, out[row]))) out[row] = value;
        any = true;
      }
      if (!any) call.out.set_null(row);
    }
  };
}

template <class T, class A = T, class B = T>
void equality(FunctionTable& table, const std::vector<TypeKind>& kinds) {
  comparison<T, A, B>(table, kinds, "=", [](const T& a, const T& b) { return equal(a, b); });
  comparison<T, A, B>(table, kinds, "<>", [](const T& a, const T& b) { return !equal(a, b); });
}

template <class T, class A = T, class B = T>
void comparisons(FunctionTable& table, const std::vector<TypeKind>& kinds) {
  equality<T, A, B>(table, kinds);
  comparison<T, A, B>(table, kinds, "<", [](const T& a, const T& b) { return less(a, b); });
  comparison<T, A, B>(table, kinds, "<=", [](const T& a, const T& b) { return !less(b, a); });
  comparison<T, A, B>(table, kinds, ">", [](const T& a, const T& b) { return less(b, a); });
  comparison<T, A, B>(table, kinds, ">=", [](const T& a, const T& b) { return !less(a, b); });
}

template <class T>
void ordered(FunctionTable& table, TypeKind kind) {
  comparisons<T>(table, {kind, kind});
  table.add_variadic("greatest", kind, extreme<T>(true));
  table.add_variadic("least", kind, extreme<T>(false));
}

}  // namespace

void add_comparisons(FunctionTable& table) {
  for (const TypeKind kind : type_kinds()) {
    if (kind == kJ) continue;
    for_type(kind, [&]<class T>(std::type_identity<T>) { ordered<T>(table, kind); });
  }
  // Not as real, which would round the other one.
  comparisons<double, float, double>(table, {kR, kD});
  comparisons<double, double, float>(table, {kD, kR});
  // PostgreSQL orders jsonb by kind, size and then value; nobody sorts a stream by it.
  equality<Text>(table, {kJ, kJ});
  for (const char* name : {"<", "<=", ">", ">="}) {
    table.refuse(name, {kJ, kJ},
                 "jsonb values are equal or not, their order is not in this version");
  }
}

}  // namespace weir
