#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/code.h"
#include "data/batch.h"
#include "data/schema.h"

namespace weir {

/// A mistake in a SQL text, at bytes [offset, offset + length) of it.
struct SqlError {
  std::size_t offset = 0;
  std::size_t length = 0;
  Code code = Code::kNone;
  std::string message;
  std::string hint;  ///< `did you mean "status" (text)?`, or empty
};

struct ExpressionNode;

/// A typed, compiled expression over the columns of one schema.
///
/// Thread: any, immutable.
class Expression {
 public:
  explicit Expression(std::shared_ptr<const ExpressionNode> root);
  Type type() const;
  /// Indexes into the scope's schema.
  const std::set<std::size_t>& columns() const { return columns_; }
  bool reads_headers() const { return reads_headers_; }
  const ExpressionNode& root() const { return *root_; }
  /// What it computes as text, the same whenever and however it was written: for telling whether a
  /// job has changed. Columns stand by name.
  std::string canonical(const Schema& schema) const;
  /// Set when the expression is just a column of the schema.
  std::optional<std::size_t> as_column() const;

 private:
  std::shared_ptr<const ExpressionNode> root_;
  std::set<std::size_t> columns_;
  bool reads_headers_ = false;
};

/// `params.NAME`: a constant, or nothing when the parameter has no valid value (which is reported
/// where it is declared).
struct SqlParam {
  std::string name;
  std::optional<Expression> value;
};

/// What names mean. Metadata columns (`_key`, ...) are always there.
struct SqlScope {
  const Schema* schema = nullptr;
  std::string source;  ///< for messages: column "x" does not exist in <source>
  std::span<const SqlParam> params = {};
};

struct SelectTarget {
  std::string name;
  Expression expression;
};

/// What `'text'::type` gives; nothing when the text is no value of that type.
std::optional<Expression> compile_constant(std::string_view text, Type type);
/// One expression in PostgreSQL's grammar. Nothing when `errors` grew.
std::optional<Expression> compile_expression(std::string_view text, const SqlScope& scope,
                                             std::vector<SqlError>& errors);
/// A boolean one.
std::optional<Expression> compile_filter(std::string_view text, const SqlScope& scope,
                                         std::vector<SqlError>& errors);
/// A select list: `a, b AS c, upper(x) AS y, *`.
std::vector<SelectTarget> compile_select(std::string_view text, const SqlScope& scope,
                                         std::vector<SqlError>& errors);
/// More than one target, one with a name, or a star: what compile_select takes and
/// compile_expression does not. False for a text with a mistake.
bool is_select_list(std::string_view text);
/// A column list: `id bigint NOT NULL, amount numeric(12,2)`.
Schema compile_schema(std::string_view text, std::vector<SqlError>& errors);

}  // namespace weir
