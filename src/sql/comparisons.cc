#include <cmath>
#include <cstring>
#include <type_traits>

#include "sql/kernel.h"

namespace weir {
namespace {

// PostgreSQL's order: NaN equals NaN and is larger than every other number.
template <class T>
bool less(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, double>) {
    return a < b || (std::isnan(b) && !std::isnan(a));
  } else if constexpr (std::is_same_v<T, Numeric>) {
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
  if constexpr (std::is_same_v<T, double>) {
    return a == b || (std::isnan(a) && std::isnan(b));
  } else if constexpr (std::is_same_v<T, Numeric>) {
    return compare(a, b) == 0;
  } else if constexpr (std::is_same_v<T, Text>) {
    return same_text(a, b);
  } else {
    return a == b;
  }
}

template <class T, class Test>
void comparison(FunctionTable& table, TypeKind kind, const char* name, Test test) {
  table.add(name, {kind, kind}, kB,
            strict<std::uint8_t, T, T>([test](Arena&, const T& a, const T& b, std::uint8_t& out) {
              out = test(a, b) ? 1 : 0;
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

template <class T>
void equality(FunctionTable& table, TypeKind kind) {
  comparison<T>(table, kind, "=", [](const T& a, const T& b) { return equal(a, b); });
  comparison<T>(table, kind, "<>", [](const T& a, const T& b) { return !equal(a, b); });
}

template <class T>
void comparisons(FunctionTable& table, TypeKind kind) {
  equality<T>(table, kind);
  comparison<T>(table, kind, "<", [](const T& a, const T& b) { return less(a, b); });
  comparison<T>(table, kind, "<=", [](const T& a, const T& b) { return !less(b, a); });
  comparison<T>(table, kind, ">", [](const T& a, const T& b) { return less(b, a); });
  comparison<T>(table, kind, ">=", [](const T& a, const T& b) { return !less(a, b); });
  table.add_variadic("greatest", kind, extreme<T>(true));
  table.add_variadic("least", kind, extreme<T>(false));
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
