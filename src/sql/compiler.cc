#include "sql/compiler.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "base/nearest.h"
#include "sql/refusals.h"

namespace weir {
namespace {

using Node = Compiler::Node;

constexpr Type kBooleanType{.kind = TypeKind::kBoolean};

// Every level of a tree is a call of the evaluator, which runs on ordinary stacks.
constexpr std::size_t kDepthMax = 500;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool same_but_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

std::size_t Compiler::place(long location) const {
  const auto at = static_cast<std::size_t>(std::max<long>(location, 0));
  return std::min(at > prefix_ ? at - prefix_ : 0, text_.size());
}

Node Compiler::fail(long location, Code code, std::string message, std::string hint) {
  return fail_at(place(location), code, std::move(message), std::move(hint));
}

Node Compiler::fail_at(std::size_t offset, Code code, std::string message, std::string hint) {
  std::size_t length = 1;
  if (offset < text_.size() && (text_[offset] == '"' || text_[offset] == '\'')) {
    const std::size_t close = text_.find(text_[offset], offset + 1);
    if (close != std::string_view::npos) length = close + 1 - offset;
  } else if (offset < text_.size() && is_word(text_[offset])) {
    while (offset + length < text_.size() && is_word(text_[offset + length])) ++length;
  }
  errors_.push_back({offset, length, code, std::move(message), std::move(hint)});
  return nullptr;
}

Node Compiler::make(NodeKind kind, Type type, std::size_t offset) const {
  auto node = std::make_shared<ExpressionNode>();
  node->kind = kind;
  node->type = type;
  node->offset = offset;
  return node;
}

Node Compiler::compile(const PgQuery__Node* node) {
  if (node == nullptr) return fail_at(0, Code::kSqlSyntax, "an expression is missing");
  if (++depth_ > kDepthMax) {
    if (!std::exchange(too_deep_, true)) {
      fail(location_of(*node), Code::kSqlNotHere,
           "this is nested more than " + std::to_string(kDepthMax) + " levels deep");
    }
    --depth_;
    return nullptr;
  }
  Node made = by_kind(*node);
  --depth_;
  return made;
}

Node Compiler::by_kind(const PgQuery__Node& node) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
      return column(*node.column_ref);
    case PG_QUERY__NODE__NODE_A_CONST:
      return constant(*node.a_const);
    case PG_QUERY__NODE__NODE_A_EXPR:
      return operation(*node.a_expr);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
      return connective(*node.bool_expr);
    case PG_QUERY__NODE__NODE_NULL_TEST:
      return null_test(*node.null_test);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
      return boolean_test(*node.boolean_test);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
      return case_expression(*node.case_expr);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
      return coalesce(*node.coalesce_expr);
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
      return extreme(*node.min_max_expr);
    case PG_QUERY__NODE__NODE_TYPE_CAST:
      return type_cast(*node.type_cast);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
      return function(*node.func_call);
    default:
      return refused(node);
  }
}

Node Compiler::refused(const PgQuery__Node& node) {
  const Refusal why = refuse_node(node);
  return fail(location_of(node), Code::kSqlNotHere, why.message, why.hint);
}

Node Compiler::boolean(const PgQuery__Node* node, const std::string& what) {
  const Node made = compile(node);
  if (!made) return nullptr;
  if (made->unknown || made->type.kind == TypeKind::kBoolean) return coerce(made, kBooleanType);
  return fail_at(made->offset, Code::kSqlType,
                 what + " must be boolean, and this is " + to_string(made->type));
}

Node Compiler::settled(const Node& node) {
  if (!node) return nullptr;
  if (node->unknown) return coerce(node, {.kind = TypeKind::kText});
  if (node->too_long)
    return fail_at(node->offset, Code::kSqlType, "a numeric has at most 38 digits");
  return node;
}

Node Compiler::column_node(std::size_t index, std::size_t offset) {
  Node node = make(NodeKind::kColumn, (*scope_.schema)[index].type, offset);
  node->column = index;
  return node;
}

Node Compiler::column(const PgQuery__ColumnRef& ref) {
  const std::string_view first = string_of(*ref.fields[0]);
  if (ref.n_fields == 2 && first == "params") return parameter(ref);
  if (ref.n_fields != 1 || first.empty()) {
    const bool star = ref.fields[ref.n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
    return fail(ref.location, Code::kSqlNotHere,
                star ? "* stands alone in a select, not in an expression"
                     : "a column's name stands alone, without a table in front",
                star ? "such as select: \"*\", or \"*, amount * 2 AS twice\""
                     : "for a field of jsonb write column ->> 'field'");
  }
  const std::string name(first);
  if (const std::optional<std::size_t> index = scope_.schema->find(name)) {
    return column_node(*index, place(ref.location));
  }
  if (const std::optional<MetaFieldInfo> meta = find_meta_field(name)) {
    Node node = make(NodeKind::kMeta, meta->type, place(ref.location));
    node->meta = meta->field;
    return node;
  }
  return no_column(name, ref.location);
}

Node Compiler::no_column(const std::string& name, long location) {
  const auto quoted = [](std::string_view word, Type type) {
    return "did you mean \"" + std::string(word) + "\" (" + to_string(type) + ")?";
  };
  std::string hint;
  std::vector<std::string_view> known;
  for (const Field& field : scope_.schema->fields()) {
    known.push_back(field.name);
    if (same_but_case(field.name, name)) {
      hint = quoted(field.name, field.type) + " Capital letters need the double quotes";
    }
  }
  for (const MetaFieldInfo& meta : meta_fields()) known.push_back(meta.name);
  const std::string_view near = nearest(name, known);
  const std::size_t offset = place(location);
  if (hint.empty() && !near.empty()) {
    const std::optional<std::size_t> index = scope_.schema->find(near);
    hint = quoted(near, index ? (*scope_.schema)[*index].type : find_meta_field(near)->type);
  } else if (hint.empty() && offset < text_.size() && text_[offset] == '"') {
    hint = "text goes in single quotes: '" + name + "'";
  }
  return fail(location, Code::kUnknownColumn,
              "column \"" + name + "\" does not exist in " + scope_.source, hint);
}

Node Compiler::parameter(const PgQuery__ColumnRef& ref) {
  const std::string_view name = string_of(*ref.fields[1]);
  std::vector<std::string_view> known;
  for (const SqlParam& param : scope_.params) {
    known.push_back(param.name);
    if (param.name != name || !param.value) continue;
    auto node = std::make_shared<ExpressionNode>(param.value->root());
    node->offset = place(ref.location);
    return node;
  }
  // One whose value is no value of its type was reported where it is declared.
  const bool declared = std::find(known.begin(), known.end(), name) != known.end();
  if (declared) return nullptr;
  std::string hint = did_you_mean(name, known);
  if (hint.empty() && known.empty()) hint = "the job has no `params:`";
  return fail(ref.location, Code::kUnknownParam,
              "there is no parameter \"" + std::string(name) + "\"", hint);
}

Node Compiler::constant(const PgQuery__AConst& value) {
  Node node = make(NodeKind::kConstant, {.kind = TypeKind::kText}, place(value.location));
  if (value.isnull != 0) {
    node->null = node->unknown = true;
    return node;
  }
  switch (value.val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
      node->type = {.kind = TypeKind::kInteger};
      node->integer = value.ival->ival;
      return node;
    case PG_QUERY__A__CONST__VAL_FVAL:
      return number(node, value.fval->fval);
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
      node->type = kBooleanType;
      node->integer = value.boolval->boolval != 0 ? 1 : 0;
      return node;
    case PG_QUERY__A__CONST__VAL_SVAL:
      node->unknown = true;
      node->text = value.sval->sval;
      return node;
    default:
      return fail(value.location, Code::kSqlNotHere, "bit strings are not in this version");
  }
}

// The grammar calls everything a float that is no integer of 32 bits.
Node Compiler::number(const Node& node, std::string_view digits) {
  std::int64_t integer = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), integer);
  if (error == std::errc{} && end == digits.data() + digits.size()) {
    const bool small = integer >= INT32_MIN && integer <= INT32_MAX;
    node->type = {.kind = small ? TypeKind::kInteger : TypeKind::kBigint};
    node->integer = integer;
    return node;
  }
  node->type = {.kind = TypeKind::kNumeric};
  node->text = digits;  // from which a double precision is read
  const std::optional<Numeric> numeric = parse_numeric(digits);
  node->too_long = !numeric;
  node->numeric = numeric.value_or(Numeric{});
  return node;
}

Node Compiler::connective(const PgQuery__BoolExpr& expr) {
  if (expr.boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR) {
    return negated(boolean(expr.args[0], "the argument of NOT"));
  }
  const bool both = expr.boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
  std::vector<Node> args;
  for (std::size_t i = 0; i < expr.n_args; ++i) {
    args.push_back(boolean(expr.args[i], both ? "the argument of AND" : "the argument of OR"));
  }
  return joined(both ? NodeKind::kAnd : NodeKind::kOr, args, place(expr.location));
}

Node Compiler::null_test(const PgQuery__NullTest& test) {
  const Node arg = settled(compile(test.arg));
  if (!arg) return nullptr;
  Node node = make(NodeKind::kIsNull, kBooleanType, place(test.location));
  node->args = {arg};
  return test.nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL ? node : negated(node);
}

Node Compiler::boolean_test(const PgQuery__BooleanTest& test) {
  const Node arg = boolean(test.arg, "the argument of IS TRUE and the like");
  if (!arg) return nullptr;
  const auto with = [&](NodeKind kind) {
    Node node = make(kind, kBooleanType, place(test.location));
    node->args = {arg};
    return node;
  };
  switch (test.booltesttype) {
    case PG_QUERY__BOOL_TEST_TYPE__IS_TRUE:
      return with(NodeKind::kIsTrue);
    case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_TRUE:
      return negated(with(NodeKind::kIsTrue));
    case PG_QUERY__BOOL_TEST_TYPE__IS_FALSE:
      return with(NodeKind::kIsFalse);
    case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_FALSE:
      return negated(with(NodeKind::kIsFalse));
    case PG_QUERY__BOOL_TEST_TYPE__IS_UNKNOWN:
      return with(NodeKind::kIsNull);
    default:
      return negated(with(NodeKind::kIsNull));
  }
}

Node Compiler::case_expression(const PgQuery__CaseExpr& expr) {
  std::vector<Node> conditions;
  std::vector<Node> results;
  const Node value = expr.arg == nullptr ? nullptr : compile(expr.arg);
  if (expr.arg != nullptr && !value) return nullptr;
  for (std::size_t i = 0; i < expr.n_args; ++i) {
    const PgQuery__CaseWhen& when = *expr.args[i]->case_when;
    conditions.push_back(value ? call("=", {value, compile(when.expr)}, when.location)
                               : boolean(when.expr, "the condition of WHEN"));
    results.push_back(compile(when.result));
  }
  if (expr.defresult != nullptr) results.push_back(compile(expr.defresult));
  if (std::find(conditions.begin(), conditions.end(), nullptr) != conditions.end()) return nullptr;
  if (!unify(results, place(expr.location), "CASE")) return nullptr;
  Node node = make(NodeKind::kCase, results[0]->type, place(expr.location));
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    node->args.push_back(conditions[i]);
    node->args.push_back(results[i]);
  }
  if (results.size() > conditions.size()) node->args.push_back(results.back());
  return node;
}

Node Compiler::coalesce(const PgQuery__CoalesceExpr& expr) {
  std::vector<Node> args;
  for (std::size_t i = 0; i < expr.n_args; ++i) args.push_back(compile(expr.args[i]));
  if (!unify(args, place(expr.location), "COALESCE")) return nullptr;
  Node node = make(NodeKind::kCoalesce, args[0]->type, place(expr.location));
  node->args.assign(args.begin(), args.end());
  return node;
}

Node Compiler::extreme(const PgQuery__MinMaxExpr& expr) {
  const bool greatest = expr.op == PG_QUERY__MIN_MAX_OP__IS_GREATEST;
  std::vector<Node> args;
  for (std::size_t i = 0; i < expr.n_args; ++i) args.push_back(compile(expr.args[i]));
  if (!unify(args, place(expr.location), greatest ? "GREATEST" : "LEAST")) return nullptr;
  Node node = make(NodeKind::kCall, {.kind = args[0]->type.kind}, place(expr.location));
  node->function = find_variadic(greatest ? "greatest" : "least", args[0]->type.kind);
  if (node->function == nullptr) {
    return fail(expr.location, Code::kSqlNotHere,
                "values of type " + to_string(args[0]->type) + " have no order in this version");
  }
  node->args.assign(args.begin(), args.end());
  return node;
}

}  // namespace weir
