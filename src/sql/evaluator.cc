#include "sql/evaluator.h"

#include <algorithm>
#include <iterator>

#include "sql/node.h"

namespace weir {
namespace {

using Rows = std::vector<RowIndex>;

bool has_nulls(const Column& column) {
  std::uint64_t any = 0;
  for (const std::uint64_t word : column.nulls()) any |= word;
  return any != 0;
}

// Keeps the rows for which `keep` holds, without a branch that could be guessed wrong.
template <class Keep>
void keep_rows(Rows& rows, Keep keep) {
  std::size_t kept = 0;
  for (const RowIndex row : rows) {
    rows[kept] = row;
    kept += keep(row) ? 1U : 0U;
  }
  rows.resize(kept);
}

// Within it, a column of one row is a constant: its value is every row's. (A batch of one row makes
// no difference.)
class Evaluation {
 public:
  Evaluation(const Batch& batch, std::vector<RowError>& errors) : batch_(batch), errors_(errors) {}

  // A value per row.
  Column column(const ExpressionNode& node, std::span<const RowIndex> rows) {
    const Column value = eval(node, rows);
    if (value.rows() == batch_.rows) return value;
    Column out = make(node);
    for_type(node.type.kind, [&]<class T>(std::type_identity<T>) {
      const T constant = value.values<T>()[0];
      const std::span<T> values = out.values<T>();
      for (const RowIndex row : rows) values[row] = constant;
    });
    if (value.is_null(0)) {
      for (const RowIndex row : rows) out.set_null(row);
    }
    return out;
  }

  // Leaves the rows for which the condition is TRUE. AND and OR need no column for that; they
  // evaluate what connected() does, so that the same rows fail.
  void filter(const ExpressionNode& node, Rows& rows) {
    if (node.kind == NodeKind::kAnd) return filter_all(node, rows);
    if (node.kind == NodeKind::kOr) return filter_any(node, rows);
    const Column keep = column(node, rows);
    const std::span<std::uint8_t> values = keep.values<std::uint8_t>();
    const bool nulls = has_nulls(keep);
    keep_rows(rows,
              [&](RowIndex row) { return values[row] != 0 && !(nulls && keep.is_null(row)); });
  }

 private:
  void filter_all(const ExpressionNode& node, Rows& rows) {
    Rows unknown;
    for (const NodePtr& arg : node.args) {
      const Column value = column(*arg, rows);
      const std::span<std::uint8_t> values = value.values<std::uint8_t>();
      const bool nulls = has_nulls(value);
      if (nulls) {
        std::copy_if(rows.begin(), rows.end(), std::back_inserter(unknown),
                     [&](RowIndex row) { return value.is_null(row); });
      }
      keep_rows(rows,
                [&](RowIndex row) { return values[row] != 0 || (nulls && value.is_null(row)); });
    }
    std::sort(unknown.begin(), unknown.end());
    if (unknown.empty()) return;
    std::erase_if(rows, [&](RowIndex row) {
      return std::binary_search(unknown.begin(), unknown.end(), row);
    });
  }

  void filter_any(const ExpressionNode& node, Rows& rows) {
    Rows left = rows;
    for (const NodePtr& arg : node.args) {
      const Column value = column(*arg, left);
      const std::span<std::uint8_t> values = value.values<std::uint8_t>();
      const bool nulls = has_nulls(value);
      keep_rows(left,
                [&](RowIndex row) { return values[row] == 0 || (nulls && value.is_null(row)); });
    }
    const std::span<std::uint8_t> out = batch_.arena->array<std::uint8_t>(batch_.rows);
    for (const RowIndex row : rows) out[row] = 0;
    for (const RowIndex row : left) out[row] = 1;
    keep_rows(rows, [&](RowIndex row) { return out[row] == 0; });
  }

  Column eval(const ExpressionNode& node, std::span<const RowIndex> rows) {
    switch (node.kind) {
      case NodeKind::kColumn:
        return batch_.columns[node.column];
      case NodeKind::kMeta:
        return batch_.meta_column(node.meta);
      case NodeKind::kConstant:
        return constant(node);
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

  Column make(const ExpressionNode& node) {
    return Column::make(node.type, batch_.rows, *batch_.arena);
  }

  Column constant(const ExpressionNode& node) {
    Column out = Column::make(node.type, 1, *batch_.arena);
    for_type(node.type.kind,
             [&]<class T>(std::type_identity<T>) { out.values<T>()[0] = constant_value<T>(node); });
    if (node.null) out.set_null(0);
    return out;
  }

  Column call(const ExpressionNode& node, std::span<const RowIndex> rows) {
    const Kernel& kernel = node.function->kernel;
    std::vector<Column> args;
    args.reserve(node.args.size());
    bool constants = kernel.takes_constants;
    for (const NodePtr& arg : node.args) {
      args.push_back(kernel.takes_constants ? eval(*arg, rows) : column(*arg, rows));
      constants = constants && args.back().rows() == 1;
    }
    if (constants) {
      if (const std::optional<Column> folded = fold(node, args)) return *folded;
    }
    Column out = make(node);
    KernelCall call{args, rows, out, *batch_.arena, errors_};
    kernel(call);
    return out;
  }

  // A call of constants is one; nothing when it fails, which is each row's own error.
  std::optional<Column> fold(const ExpressionNode& node, std::span<const Column> args) {
    constexpr RowIndex kOnly = 0;
    Column out = Column::make(node.type, 1, *batch_.arena);
    std::vector<RowError> failed;
    KernelCall call{args, {&kOnly, 1}, out, *batch_.arena, failed};
    node.function->kernel(call);
    return failed.empty() ? std::optional(out) : std::nullopt;
  }

  Column fitted(const ExpressionNode& node, std::span<const RowIndex> rows) {
    const Column in = column(*node.args[0], rows);
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
    const std::span<std::uint8_t> results = out.values<std::uint8_t>();
    for (const RowIndex row : rows) results[row] = stop ? 0 : 1;
    Rows left(rows.begin(), rows.end());
    bool nulls = false;
    for (const NodePtr& arg : node.args) {
      const Column value = column(*arg, left);
      const std::span<std::uint8_t> values = value.values<std::uint8_t>();
      nulls = nulls || has_nulls(value);
      if (!nulls) {
        for (const RowIndex row : left) results[row] = values[row];
        keep_rows(left, [&](RowIndex row) { return (values[row] != 0) != stop; });
        continue;
      }
      std::erase_if(left, [&](RowIndex row) {
        if (value.is_null(row)) {
          out.set_null(row);
          return false;
        }
        if ((values[row] != 0) != stop) return false;
        results[row] = stop ? 1 : 0;
        out.clear_null(row);
        return true;
      });
    }
    return out;
  }

  // Into `to` what `from` has for the row, or for every row.
  static void copy(const Column& from, Column& to, std::span<const RowIndex> rows) {
    const RowIndex mask = from.rows() == 1 ? 0 : ~RowIndex{0};
    for_type(to.type().kind, [&]<class T>(std::type_identity<T>) {
      const T* const source = from.values<T>().data();
      const std::span<T> target = to.values<T>();
      for (const RowIndex row : rows) {
        target[row] = source[row & mask];
        if (from.is_null(row & mask)) to.set_null(row);
      }
    });
  }

  Column cased(const ExpressionNode& node, std::span<const RowIndex> rows) {
    Column out = make(node);
    Rows left(rows.begin(), rows.end());
    std::size_t i = 0;
    for (; i + 1 < node.args.size(); i += 2) {
      const Column condition = column(*node.args[i], left);
      Rows taken;
      std::erase_if(left, [&](RowIndex row) {
        const bool is = !condition.is_null(row) && condition.values<std::uint8_t>()[row] != 0;
        if (is) taken.push_back(row);
        return is;
      });
      copy(eval(*node.args[i + 1], taken), out, taken);
    }
    if (i < node.args.size()) {
      copy(eval(*node.args[i], left), out, left);
    } else {
      for (const RowIndex row : left) out.set_null(row);
    }
    return out;
  }

  Column coalesced(const ExpressionNode& node, std::span<const RowIndex> rows) {
    Column out = make(node);
    Rows left(rows.begin(), rows.end());
    for (const NodePtr& arg : node.args) {
      const Column value = eval(*arg, left);
      const RowIndex mask = value.rows() == 1 ? 0 : ~RowIndex{0};
      Rows taken = left;
      std::erase_if(taken, [&](RowIndex row) { return value.is_null(row & mask); });
      std::erase_if(left, [&](RowIndex row) { return !value.is_null(row & mask); });
      copy(value, out, taken);
    }
    for (const RowIndex row : left) out.set_null(row);
    return out;
  }

  Column distinct(const ExpressionNode& node, std::span<const RowIndex> rows) {
    const ExpressionNode& equal = *node.args[0];
    std::vector<Column> args = {column(*equal.args[0], rows), column(*equal.args[1], rows)};
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
    const Column in = column(*node.args[0], rows);
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

// A row can fail in several branches; it is one bad row.
void leave_one_each(std::vector<RowError>& errors, std::size_t from) {
  const auto begin = errors.begin() + static_cast<std::ptrdiff_t>(from);
  if (begin == errors.end()) return;
  std::stable_sort(begin, errors.end(),
                   [](const RowError& a, const RowError& b) { return a.row < b.row; });
  errors.erase(std::unique(begin, errors.end(),
                           [](const RowError& a, const RowError& b) { return a.row == b.row; }),
               errors.end());
}

}  // namespace

Column evaluate(const Expression& expression, const Batch& batch, std::span<const RowIndex> rows,
                std::vector<RowError>& errors) {
  const std::size_t before = errors.size();
  Column column = Evaluation(batch, errors).column(expression.root(), rows);
  leave_one_each(errors, before);
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
  Evaluation(batch, errors).filter(condition.root(), batch.selection);
  leave_one_each(errors, before);
  deselect(batch, std::span(errors).subspan(before));
}

}  // namespace weir
