#include "sql/evaluator.h"

#include <algorithm>

#include "sql/node.h"

namespace weir {
namespace {

using Rows = std::vector<RowIndex>;

class Evaluation {
 public:
  Evaluation(const Batch& batch, std::vector<RowError>& errors) : batch_(batch), errors_(errors) {}

  Column eval(const ExpressionNode& node, std::span<const RowIndex> rows) {
    switch (node.kind) {
      case NodeKind::kColumn:
        return batch_.columns[node.column];
      case NodeKind::kMeta:
        return batch_.meta_column(node.meta);
      case NodeKind::kConstant:
        return constant(node, rows);
      case NodeKind::kCall:
        return call(node, rows);
      case NodeKind::kFit:
        return fitted(node, rows);
      case NodeKind::kAnd:
        return connected(node, rows, false);
      case NodeKind::kOr:
        return connected(node, rows, true);
      case NodeKind::kCase:
        return cased(node, rows);
      case NodeKind::kCoalesce:
        return coalesced(node, rows);
      case NodeKind::kDistinct:
        return distinct(node, rows);
      case NodeKind::kNot:
      case NodeKind::kIsNull:
      case NodeKind::kIsTrue:
      case NodeKind::kIsFalse:
        break;
    }
    return tested(node, rows);
  }

 private:
  Column make(const ExpressionNode& node) {
    return Column::make(node.type, batch_.rows, *batch_.arena);
  }

  Column constant(const ExpressionNode& node, std::span<const RowIndex> rows) {
    Column out = make(node);
    for_type(node.type.kind, [&]<class T>(std::type_identity<T>) {
      T value{};
      if constexpr (std::is_same_v<T, std::string_view>) {
        value = node.text;
      } else if constexpr (std::is_same_v<T, Numeric>) {
        value = node.numeric;
      } else if constexpr (std::is_same_v<T, double>) {
        value = node.real;
      } else {
        value = static_cast<T>(node.integer);
      }
      const std::span<T> values = out.values<T>();
      for (const RowIndex row : rows) {
        values[row] = value;
        if (node.null) out.set_null(row);
      }
    });
    return out;
  }

  Column call(const ExpressionNode& node, std::span<const RowIndex> rows) {
    std::vector<Column> args;
    args.reserve(node.args.size());
    for (const NodePtr& arg : node.args) args.push_back(eval(*arg, rows));
    Column out = make(node);
    KernelCall kernel{args, rows, out, *batch_.arena, errors_};
    node.function->kernel(kernel);
    return out;
  }

  Column fitted(const ExpressionNode& node, std::span<const RowIndex> rows) {
    const Column in = eval(*node.args[0], rows);
    Column out = make(node);
    for (const RowIndex row : rows) {
      const std::optional<Numeric> value =
          in.is_null(row) ? std::nullopt
                          : fit(in.values<Numeric>()[row], node.type.precision, node.type.scale);
      if (value) {
        out.values<Numeric>()[row] = *value;
        continue;
      }
      out.set_null(row);
      if (!in.is_null(row)) errors_.push_back({row, "value does not fit " + to_string(node.type)});
    }
    return out;
  }

  // AND stops at FALSE, OR at TRUE.
  Column connected(const ExpressionNode& node, std::span<const RowIndex> rows, bool stop) {
    Column out = make(node);
    for (const RowIndex row : rows) out.values<std::uint8_t>()[row] = stop ? 0 : 1;
    Rows left(rows.begin(), rows.end());
    for (const NodePtr& arg : node.args) {
      const Column value = eval(*arg, left);
      std::erase_if(left, [&](RowIndex row) {
        if (value.is_null(row)) {
          out.set_null(row);
          return false;
        }
        if ((value.values<std::uint8_t>()[row] != 0) != stop) return false;
        out.values<std::uint8_t>()[row] = stop ? 1 : 0;
        out.clear_null(row);
        return true;
      });
    }
    return out;
  }

  void copy(const Column& from, Column& to, RowIndex row) {
    if (from.is_null(row)) return to.set_null(row);
    to.clear_null(row);
    for_type(to.type().kind,
             [&]<class T>(std::type_identity<T>) { to.values<T>()[row] = from.values<T>()[row]; });
  }

  Column cased(const ExpressionNode& node, std::span<const RowIndex> rows) {
    Column out = make(node);
    Rows left(rows.begin(), rows.end());
    std::size_t i = 0;
    for (; i + 1 < node.args.size(); i += 2) {
      const Column condition = eval(*node.args[i], left);
      Rows taken;
      std::erase_if(left, [&](RowIndex row) {
        const bool is = !condition.is_null(row) && condition.values<std::uint8_t>()[row] != 0;
        if (is) taken.push_back(row);
        return is;
      });
      const Column result = eval(*node.args[i + 1], taken);
      for (const RowIndex row : taken) copy(result, out, row);
    }
    if (i < node.args.size()) {
      const Column result = eval(*node.args[i], left);
      for (const RowIndex row : left) copy(result, out, row);
    } else {
      for (const RowIndex row : left) out.set_null(row);
    }
    return out;
  }

  Column coalesced(const ExpressionNode& node, std::span<const RowIndex> rows) {
    Column out = make(node);
    Rows left(rows.begin(), rows.end());
    for (const RowIndex row : left) out.set_null(row);
    for (const NodePtr& arg : node.args) {
      const Column value = eval(*arg, left);
      std::erase_if(left, [&](RowIndex row) {
        if (value.is_null(row)) return false;
        copy(value, out, row);
        return true;
      });
    }
    return out;
  }

  Column distinct(const ExpressionNode& node, std::span<const RowIndex> rows) {
    const ExpressionNode& equal = *node.args[0];
    std::vector<Column> args = {eval(*equal.args[0], rows), eval(*equal.args[1], rows)};
    Column same = make(equal);
    KernelCall kernel{args, rows, same, *batch_.arena, errors_};
    equal.function->kernel(kernel);
    Column out = make(node);
    for (const RowIndex row : rows) {
      const bool a = args[0].is_null(row);
      const bool b = args[1].is_null(row);
      const bool differs = a || b ? a != b : same.values<std::uint8_t>()[row] == 0;
      out.values<std::uint8_t>()[row] = differs ? 1 : 0;
    }
    return out;
  }

  Column tested(const ExpressionNode& node, std::span<const RowIndex> rows) {
    const Column in = eval(*node.args[0], rows);
    Column out = make(node);
    for (const RowIndex row : rows) {
      const bool null = in.is_null(row);
      bool value = null;
      if (node.kind != NodeKind::kIsNull) {
        const bool truth = !null && in.values<std::uint8_t>()[row] != 0;
        value = node.kind == NodeKind::kIsTrue ? truth : !null && !truth;
      }
      out.values<std::uint8_t>()[row] = value ? 1 : 0;
      if (null && node.kind == NodeKind::kNot) out.set_null(row);
    }
    return out;
  }

  const Batch& batch_;
  std::vector<RowError>& errors_;
};

}  // namespace

Column evaluate(const Expression& expression, const Batch& batch, std::span<const RowIndex> rows,
                std::vector<RowError>& errors) {
  const auto before = static_cast<std::ptrdiff_t>(errors.size());
  Column column = Evaluation(batch, errors).eval(expression.root(), rows);
  // A row can fail in several branches; it is one bad row.
  std::stable_sort(errors.begin() + before, errors.end(),
                   [](const RowError& a, const RowError& b) { return a.row < b.row; });
  errors.erase(std::unique(errors.begin() + before, errors.end(),
                           [](const RowError& a, const RowError& b) { return a.row == b.row; }),
               errors.end());
  return column;
}

void deselect(Batch& batch, std::span<const RowError> errors) {
  if (errors.empty()) return;
  std::erase_if(batch.selection, [&](RowIndex row) {
    return std::any_of(errors.begin(), errors.end(),
                       [row](const RowError& error) { return error.row == row; });
  });
}

void apply_filter(const Expression& condition, Batch& batch, std::vector<RowError>& errors) {
  const std::size_t before = errors.size();
  const Column keep = evaluate(condition, batch, batch.selection, errors);
  deselect(batch, std::span(errors).subspan(before));
  const std::span<std::uint8_t> values = keep.values<std::uint8_t>();
  std::erase_if(batch.selection,
                [&](RowIndex row) { return keep.is_null(row) || values[row] == 0; });
}

}  // namespace weir
