#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/expression.h"
#include "sql/node.h"
#include "sql/syntax.h"

namespace weir {

/// From PostgreSQL's parse tree to a typed tree: names are found, overloads chosen and casts put in
/// as PostgreSQL does. Mistakes go to `errors`; a function that reported one returns null.
///
/// One per text, on the stack of who compiles it. Thread: one.
class Compiler {
 public:
  using Node = std::shared_ptr<ExpressionNode>;

  Compiler(std::string_view text, std::size_t prefix, const SqlScope& scope,
           std::vector<SqlError>& errors)
      : text_(text), prefix_(prefix), scope_(scope), errors_(errors) {}

  Node compile(const PgQuery__Node* node);
  /// Of type boolean; `what` is "a filter" or "the argument of AND", for messages.
  Node boolean(const PgQuery__Node* node, const std::string& what);
  /// A literal that nothing gave a type to is text; a number that no numeric holds is a mistake.
  Node settled(const Node& node);
  Node column_node(std::size_t index, std::size_t offset);

  /// Reports a mistake at a location of the statement, underlining the word there. Returns null.
  Node fail(long location, Code code, std::string message, std::string hint = {});
  /// The type that a TypeName means; nothing, and a mistake, when there is none.
  std::optional<Type> type_of(const PgQuery__TypeName& name);

 private:
  std::size_t place(long location) const;
  Node fail_at(std::size_t offset, Code code, std::string message, std::string hint = {});
  Node make(NodeKind kind, Type type, std::size_t offset) const;

  // compiler.cc: names, constants and what the grammar has of its own
  Node by_kind(const PgQuery__Node& node);
  Node column(const PgQuery__ColumnRef& ref);
  Node parameter(const PgQuery__ColumnRef& ref);
  Node no_column(const std::string& name, long location);
  Node constant(const PgQuery__AConst& value);
  Node number(const Node& node, std::string_view digits);
  Node connective(const PgQuery__BoolExpr& expr);
  Node null_test(const PgQuery__NullTest& test);
  Node boolean_test(const PgQuery__BooleanTest& test);
  Node case_expression(const PgQuery__CaseExpr& expr);
  Node coalesce(const PgQuery__CoalesceExpr& expr);
  Node extreme(const PgQuery__MinMaxExpr& expr);
  Node refused(const PgQuery__Node& node);

  // operators.cc: what stands between values
  Node operation(const PgQuery__AExpr& expr);
  Node plain_operation(const PgQuery__AExpr& expr, const std::string& name);
  Node json_path(const PgQuery__AExpr& expr, const std::string& name);
  Node arrow(const PgQuery__AExpr& expr, const std::string& name);
  Node joined_text(const Node& left, const Node& right, long location);
  Node no_operator(const std::string& name, const std::vector<Node>& args, long location);
  std::string cast_hint(const std::string& name, const std::vector<Node>& args) const;
  Node negated(const Node& node);
  Node joined(NodeKind kind, const std::vector<Node>& args, std::size_t offset);
  Node like(const PgQuery__AExpr& expr, const std::string& name);
  Node distinct(const PgQuery__AExpr& expr, bool negate);
  Node in_list(const PgQuery__AExpr& expr, bool negate);
  Node between(const PgQuery__AExpr& expr, bool symmetric, bool negate);
  Node null_if(const PgQuery__AExpr& expr);

  // calls.cc: functions by name
  Node function(const PgQuery__FuncCall& func);
  Node random(long location);
  Node build_json(const std::string& name, const std::vector<Node>& args, long location);
  Node concat(const std::string& name, const std::vector<Node>& args, long location);
  Node no_function(const std::string& name, const std::vector<Node>& args, long location);

  // types.cc, overloads.cc: overloads, implicit casts, one type for several values
  Node call(const std::string& name, const std::vector<Node>& args, long location);
  struct Choice {
    const Function* function = nullptr;  ///< null: none fits
    bool ambiguous = false;              ///< others fit as well
  };
  Choice choose(const std::string& name, const std::vector<Node>& args) const;
  static bool is_operator(const std::string& name);
  Node check_literals(const Node& node);
  Node coerce(const Node& node, Type type);
  Node literal_as(const Node& node, Type type);
  Node converted(const Node& node, Type type);
  Node as_text(const Node& node);
  bool unify(std::vector<Node>& nodes, std::size_t offset, std::string_view what);
  Node type_cast(const PgQuery__TypeCast& cast);
  Node cast_to(const Node& arg, Type type, long location);
  Node interval_of(const PgQuery__TypeCast& cast, std::string_view unit);

  const std::string_view text_;
  const std::size_t prefix_;
  const SqlScope& scope_;
  std::vector<SqlError>& errors_;
  std::size_t random_calls_ = 0;
  std::size_t depth_ = 0;
  bool too_deep_ = false;  // was said
};

/// The first place of a node in its statement, or -1 when it has none.
long location_of(const PgQuery__Node& node);

}  // namespace weir
