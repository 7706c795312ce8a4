#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "data/batch.h"
#include "data/column.h"

namespace weir {

/// What a kernel works on: the argument columns, the rows that count, and where errors go.
struct KernelCall {
  std::span<const Column> args;
  std::span<const RowIndex> rows;
  Column& out;
  Arena& arena;
  std::vector<RowError>& errors;

  void fail(RowIndex row, std::string message) {
    errors.push_back({row, std::move(message)});
    out.set_null(row);
  }
};

/// How a function is carried out, a batch at a time.
struct Kernel {
  Kernel() = default;
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Kernel>) Kernel(F f) : run(std::move(f)) {}
  explicit operator bool() const { return run != nullptr; }
  void operator()(KernelCall& call) const { run(call); }

  std::function<void(KernelCall&)> run;
  /// An argument may be a column of one row, which is every row's.
  bool takes_constants = false;
};

/// One overload of a function or operator. Adding one is a line in the file of its kind:
/// numbers.cc, texts.cc, times.cc, ...
struct Function {
  std::string name;
  std::vector<TypeKind> args;
  TypeKind result = TypeKind::kText;
  Kernel kernel;
  std::string refusal = {};  ///< PostgreSQL has this overload, weir has not: why; no kernel then
  /// What is wrong with a second argument that is a literal, found before there is a row; empty
  /// when nothing is.
  std::string (*check_second)(std::string_view) = nullptr;
};

/// All overloads of `name`; empty when there is no such function.
std::vector<const Function*> find_functions(std::string_view name);
/// The one of `name` that takes any number of arguments of `kind`; null when there is none.
const Function* find_variadic(std::string_view name, TypeKind kind);
/// The names of all functions that are called by name, for "did you mean".
std::vector<std::string_view> function_names();
/// The conversion from one kind to another, explicit or implicit; null when there is none.
const Function* find_cast(TypeKind from, TypeKind to);

enum class NodeKind : unsigned char {
  kColumn,
  kMeta,
  kConstant,
  kCall,
  kFit,  ///< numeric to its precision and scale
  kAnd,  ///< args: two or more; rows decided by one are not evaluated by the next
  kOr,
  kNot,
  kIsNull,
  kIsTrue,  ///< and kIsFalse: never NULL
  kIsFalse,
  kDistinct,  ///< args[0]: the `=` call; NULLs compare as values
  kCase,      ///< args: condition, result, ..., [else]
  kCoalesce,
};

/// A node of the typed tree. `unknown` marks a string literal whose type the context decides.
struct ExpressionNode {
  NodeKind kind = NodeKind::kConstant;
  Type type;
  std::vector<std::shared_ptr<const ExpressionNode>> args;
  std::size_t column = 0;
  MetaField meta = MetaField::kKey;
  const Function* function = nullptr;
  bool unknown = false;
  bool null = false;      ///< kConstant: NULL
  bool too_long = false;  ///< kConstant: a number in `text` that only a double precision can hold
  std::string text;       ///< kConstant: text forms, and the digits of a numeric
  std::int64_t integer = 0;  ///< kConstant: boolean, whole numbers, dates and times
  double real = 0;           ///< kConstant: real, double precision
  Numeric numeric;
  Interval interval;
  Uuid uuid;
  std::size_t offset = 0;  ///< in the SQL text
};
using NodePtr = std::shared_ptr<const ExpressionNode>;

/// The value of a constant, T being the storage type of its kind, and back.
template <class T>
T constant_value(const ExpressionNode& node) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return node.text;
  } else if constexpr (std::is_same_v<T, Numeric>) {
    return node.numeric;
  } else if constexpr (std::is_same_v<T, Interval>) {
    return node.interval;
  } else if constexpr (std::is_same_v<T, Uuid>) {
    return node.uuid;
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(node.real);
  } else {
    return static_cast<T>(node.integer);
  }
}
template <class T>
void set_constant(ExpressionNode& node, const T& value) {
  node.text.clear();
  if constexpr (std::is_same_v<T, std::string_view>) {
    node.text = value;
  } else if constexpr (std::is_same_v<T, Numeric>) {
    node.numeric = value;
  } else if constexpr (std::is_same_v<T, Interval>) {
    node.interval = value;
  } else if constexpr (std::is_same_v<T, Uuid>) {
    node.uuid = value;
  } else if constexpr (std::is_floating_point_v<T>) {
    node.real = static_cast<double>(value);
  } else {
    node.integer = value;
  }
}

}  // namespace weir
