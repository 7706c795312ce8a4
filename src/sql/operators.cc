#include <algorithm>

#include "sql/compiler.h"
#include "sql/jsons.h"
#include "sql/refusals.h"
#include "sql/type_rules.h"

namespace weir {
namespace {

using Node = Compiler::Node;
constexpr Type kBooleanType{.kind = TypeKind::kBoolean};

}  // namespace

Node Compiler::operation(const PgQuery__AExpr& expr) {
  const std::string name(catalog_name(expr.n_name, expr.name));
  switch (expr.kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
      return plain_operation(expr, name);
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
      return like(expr, name);
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
      return distinct(expr, false);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
      return distinct(expr, true);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
      return in_list(expr, name == "<>");
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF:
      return null_if(expr);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
      return between(expr, false, false);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
      return between(expr, false, true);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
      return between(expr, true, false);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
      return between(expr, true, true);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL:
      return fail(expr.location, Code::kSqlNotHere, "ANY and ALL are not in this version",
                  "write a IN (1, 2, 3)");
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
      return fail(expr.location, Code::kSqlNotHere, "SIMILAR TO is not in this version",
                  "LIKE has % and _");
    default:
      return fail(expr.location, Code::kSqlNotHere, "this operator is not in this version");
  }
}

Node Compiler::plain_operation(const PgQuery__AExpr& expr, const std::string& name) {
  if (name == "#>" || name == "#>>") return json_path(expr, name);
  if (name == "->" || name == "->>") return arrow(expr, name);
  if (expr.lexpr == nullptr) {
    const Node value = compile(expr.rexpr);
    if (!value) return nullptr;
    const bool number = category_of(value->type.kind) == TypeCategory::kNumber;
    if (name == "+" && !value->unknown && number) return value;
    return call(name, {value}, expr.location);
  }
  const Node left = compile(expr.lexpr);
  const Node right = compile(expr.rexpr);
  if (!left || !right) return nullptr;
  if (name == "||") {
    if (Node made = joined_text(left, right, expr.location)) return made;
  }
  return call(name, {left, right}, expr.location);
}

// text || anything is text, as in PostgreSQL; null when it is another kind of `||`.
Node Compiler::joined_text(const Node& left, const Node& right, long location) {
  const auto is_text = [](const Node& node) {
    return !node->unknown && node->type.kind == TypeKind::kText;
  };
  const auto other = [](const Node& node) {
    return !node->unknown && node->type.kind != TypeKind::kText;
  };
  const auto joins_itself = [](const Node& node) {
    return node->type.kind == TypeKind::kJsonb || node->type.kind == TypeKind::kBytea;
  };
  const auto pair = [&](const Node& text, const Node& value) {
    return (is_text(text) && other(value)) ||
           (text->unknown && other(value) && !joins_itself(value));
  };
  if (!pair(left, right) && !pair(right, left)) return nullptr;
  const auto text = [&](const Node& node) {
    return other(node) ? converted(node, {.kind = TypeKind::kText}) : node;
  };
  return call("||", {text(left), text(right)}, location);
}

// `x -> x + 1` reads like a lambda and means x -> (x + 1): what is computed stands in parentheses.
Node Compiler::arrow(const PgQuery__AExpr& expr, const std::string& name) {
  if (expr.lexpr == nullptr) return no_operator(name, {}, expr.location);
  const Node value = compile(expr.lexpr);
  const Node key = compile(expr.rexpr);
  if (!value || !key) return nullptr;
  if (expr.rexpr->node_case == PG_QUERY__NODE__NODE_A_EXPR &&
      value->type.kind == TypeKind::kJsonb) {
    const std::size_t behind =
        text_.find_first_not_of(" \t\r\n", place(expr.location) + name.size());
    if (behind != std::string_view::npos && text_[behind] != '(') {
      return fail(expr.location, Code::kSqlNotHere,
                  "what stands behind " + name + " is computed: put it in parentheses",
                  "it binds looser than + and -, and there are no lambdas");
    }
  }
  return call(name, {value, key}, expr.location);
}

Node Compiler::json_path(const PgQuery__AExpr& expr, const std::string& name) {
  if (expr.lexpr == nullptr) return no_operator(name, {}, expr.location);
  const Node value = compile(expr.lexpr);
  const Node path = compile(expr.rexpr);
  if (!value || !path) return nullptr;
  if (!path->unknown || path->null) {
    return fail(expr.location, Code::kSqlNotHere, "behind " + name + " stands a literal path",
                "such as " + name + " '{field,0}'");
  }
  if (!parse_json_path(path->text)) {
    return fail_at(path->offset, Code::kSqlType, "this is not a path", "such as '{field,0}'");
  }
  return call(name, {value, path}, expr.location);
}

// Text beside another type is the usual slip: the text becomes what stands beside it.
std::string Compiler::cast_hint(const std::string& name, const std::vector<Node>& args) const {
  if (args.size() != 2) return {};
  const auto is_text = [](const Node& node) {
    return !node->unknown && node->type.kind == TypeKind::kText;
  };
  if (is_text(args[0]) == is_text(args[1])) return {};
  const Node& text = is_text(args[0]) ? args[0] : args[1];
  const Node& other = is_text(args[0]) ? args[1] : args[0];
  if (other->unknown || choose(name, {other, other}).function == nullptr) return {};
  const std::string type = to_string(Type{.kind = other->type.kind});
  if (text->kind != NodeKind::kColumn) return "cast the text with ::" + type;
  return "cast the text, such as " + scope_.schema->fields()[text->column].name + "::" + type;
}

Node Compiler::no_operator(const std::string& name, const std::vector<Node>& args, long location) {
  const auto type = [](const Node& node) {
    return node->unknown ? std::string("unknown") : to_string(Type{.kind = node->type.kind});
  };
  std::string shown = name;
  if (args.size() == 2) shown = type(args[0]) + " " + name + " " + type(args[1]);
  if (args.size() == 1) shown = name + " " + type(args[0]);
  std::string hint(operator_hint(name));
  if (hint.empty()) hint = cast_hint(name, args);
  return fail(location, Code::kUnknownOperator, "operator does not exist: " + shown,
              std::move(hint));
}

Node Compiler::negated(const Node& node) {
  if (!node) return nullptr;
  Node out = make(NodeKind::kNot, kBooleanType, node->offset);
  out->args = {node};
  return out;
}

Node Compiler::joined(NodeKind kind, const std::vector<Node>& args, std::size_t offset) {
  if (std::find(args.begin(), args.end(), nullptr) != args.end()) return nullptr;
  Node node = make(kind, kBooleanType, offset);
  node->args.assign(args.begin(), args.end());
  return node;
}

Node Compiler::like(const PgQuery__AExpr& expr, const std::string& name) {
  const bool negate = name.starts_with('!');
  const Node node = call(negate ? name.substr(1) : name, {compile(expr.lexpr), compile(expr.rexpr)},
                         expr.location);
  return negate ? negated(node) : node;
}

Node Compiler::distinct(const PgQuery__AExpr& expr, bool negate) {
  const Node equal = call("=", {compile(expr.lexpr), compile(expr.rexpr)}, expr.location);
  if (!equal) return nullptr;
  Node node = make(NodeKind::kDistinct, kBooleanType, place(expr.location));
  node->args = {equal};
  return negate ? negated(node) : node;
}

Node Compiler::in_list(const PgQuery__AExpr& expr, bool negate) {
  if (expr.rexpr->node_case != PG_QUERY__NODE__NODE_LIST) {
    return fail(expr.location, Code::kSqlNotHere, "IN wants a list of values");
  }
  const Node value = compile(expr.lexpr);
  if (!value) return nullptr;
  std::vector<Node> tests;
  for (std::size_t i = 0; i < expr.rexpr->list->n_items; ++i) {
    tests.push_back(call("=", {value, compile(expr.rexpr->list->items[i])}, expr.location));
  }
  const Node any =
      tests.size() == 1 ? tests[0] : joined(NodeKind::kOr, tests, place(expr.location));
  return negate ? negated(any) : any;
}

Node Compiler::between(const PgQuery__AExpr& expr, bool symmetric, bool negate) {
  const Node value = compile(expr.lexpr);
  const Node low = compile(expr.rexpr->list->items[0]);
  const Node high = compile(expr.rexpr->list->items[1]);
  if (!value || !low || !high) return nullptr;
  const std::size_t offset = place(expr.location);
  const auto within = [&](const Node& from, const Node& to) {
    return joined(
        NodeKind::kAnd,
        {call(">=", {value, from}, expr.location), call("<=", {value, to}, expr.location)}, offset);
  };
  Node node = within(low, high);
  if (symmetric) node = joined(NodeKind::kOr, {node, within(high, low)}, offset);
  return negate ? negated(node) : node;
}

Node Compiler::null_if(const PgQuery__AExpr& expr) {
  const Node equal = call("=", {compile(expr.lexpr), compile(expr.rexpr)}, expr.location);
  if (!equal) return nullptr;
  // As in PostgreSQL, the value as the comparison sees it: nullif(1, 2.0) is numeric.
  const NodePtr& value = equal->args[0];
  Node node = make(NodeKind::kCase, value->type, place(expr.location));
  Node null = make(NodeKind::kConstant, node->type, node->offset);
  null->null = true;
  node->args = {equal, null, value};
  return node;
}

}  // namespace weir
