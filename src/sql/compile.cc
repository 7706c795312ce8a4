#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <tuple>
#include <utility>

#include "sql/evaluator.h"
#include "sql/expression.h"
#include "sql/node.h"

namespace weir {
namespace {

using Node = std::shared_ptr<ExpressionNode>;
using Errors = std::vector<SqlError>;

struct ParseResultDeleter {
  void operator()(PgQuery__ParseResult* result) const {
    pg_query__parse_result__free_unpacked(result, nullptr);
  }
};
using Parsed = std::unique_ptr<PgQuery__ParseResult, ParseResultDeleter>;

// `text` behind `prefix`, parsed; positions are then `prefix` too large.
Parsed parse(std::string_view prefix, std::string_view text, std::string_view suffix,
             Errors& errors) {
  const std::string sql = std::string(prefix) + std::string(text) + std::string(suffix);
  if (text.find('\0') != std::string_view::npos) {
    errors.push_back({text.find('\0'), 1, Code::kSqlSyntax, "a NUL byte cannot stand in SQL", {}});
    return nullptr;
  }
  const PgQueryProtobufParseResult result = pg_query_parse_protobuf(sql.c_str());
  Parsed parsed;
  if (result.error != nullptr) {
    // cursorpos counts characters from 1.
    std::size_t byte = 0;
    for (int left = result.error->cursorpos - 1; left > 0 && byte < sql.size(); --left) {
      for (++byte; byte < sql.size() && (static_cast<unsigned char>(sql[byte]) & 0xc0U) == 0x80U;
           ++byte) {
      }
    }
    const std::size_t offset =
        std::min(byte > prefix.size() ? byte - prefix.size() : 0, text.size());
    errors.push_back({offset, 1, Code::kSqlSyntax, result.error->message, {}});
  } else {
    parsed.reset(pg_query__parse_result__unpack(
        nullptr, result.parse_tree.len,
        reinterpret_cast<const std::uint8_t*>(result.parse_tree.data)));
  }
  pg_query_free_protobuf_parse_result(result);
  if (parsed && parsed->n_stmts != 1) {
    const std::size_t semicolon = text.find(';');
    errors.push_back({semicolon == std::string_view::npos ? 0 : semicolon,
                      1,
                      Code::kSqlSyntax,
                      "one expression is wanted, and there are more statements",
                      {}});
    return nullptr;
  }
  return parsed;
}

class Compiler {
 public:
  Compiler(std::string_view text, std::size_t prefix, const SqlScope& scope, Errors& errors)
      : text_(text), prefix_(prefix), scope_(scope), errors_(errors) {}

  // Null after an error.
  Node compile(const PgQuery__Node* node) {
    if (node == nullptr) return fail(0, Code::kSqlSyntax, "an expression is missing");
    switch (node->node_case) {
      case PG_QUERY__NODE__NODE_COLUMN_REF:
        return column(*node->column_ref);
      case PG_QUERY__NODE__NODE_A_CONST:
        return constant(*node->a_const);
      case PG_QUERY__NODE__NODE_A_EXPR:
        return expression(*node->a_expr);
      case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return connective(*node->bool_expr);
      case PG_QUERY__NODE__NODE_NULL_TEST:
        return null_test(*node->null_test);
      case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return boolean_test(*node->boolean_test);
      case PG_QUERY__NODE__NODE_CASE_EXPR:
        return case_expression(*node->case_expr);
      case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return coalesce(*node->coalesce_expr);
      case PG_QUERY__NODE__NODE_TYPE_CAST:
        return type_cast(*node->type_cast);
      case PG_QUERY__NODE__NODE_FUNC_CALL:
        return function(*node->func_call);
      case PG_QUERY__NODE__NODE_SUB_LINK:
        return fail(node->sub_link->location, Code::kSqlNotHere,
                    "a subquery is not possible in a streaming expression");
      case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return fail(node->sqlvalue_function->location, Code::kSqlNotHere,
                    "the current time differs in every replay; use _timestamp");
      default:
        return fail(0, Code::kSqlNotHere, "this kind of expression is not in this version");
    }
  }

  Node boolean(const PgQuery__Node* node) {
    const Node compiled = compile(node);
    return compiled ? coerce(compiled, {.kind = TypeKind::kBoolean}) : nullptr;
  }

  // A literal that nothing gave a type to is text.
  Node settled(Node node) {
    return node && node->unknown ? coerce(node, {.kind = TypeKind::kText}) : node;
  }

  Node column_node(std::size_t index, std::size_t offset) {
    Node node = make(NodeKind::kColumn, (*scope_.schema)[index].type, offset);
    node->column = index;
    return node;
  }

  Node fail(long location, Code code, std::string message, std::string hint = {}) {
    const std::size_t offset = place(location);
    std::size_t length = 1;
    const auto word = [&](std::size_t at) {
      return at < text_.size() &&
             (std::isalnum(static_cast<unsigned char>(text_[at])) != 0 || text_[at] == '_');
    };
    while (word(offset) && word(offset + length)) ++length;
    errors_.push_back({offset, length, code, std::move(message), std::move(hint)});
    return nullptr;
  }

 private:
  std::size_t place(long location) const {
    const auto at = static_cast<std::size_t>(std::max<long>(location, 0));
    return std::min(at > prefix_ ? at - prefix_ : 0, text_.size());
  }

  Node make(NodeKind kind, Type type, std::size_t offset) {
    auto node = std::make_shared<ExpressionNode>();
    node->kind = kind;
    node->type = type;
    node->offset = offset;
    return node;
  }

  static Type boolean_type() { return {.kind = TypeKind::kBoolean}; }

  Node column(const PgQuery__ColumnRef& ref) {
    if (ref.n_fields != 1 || ref.fields[0]->node_case != PG_QUERY__NODE__NODE_STRING) {
      return fail(ref.location, Code::kSqlNotHere, "a plain column name is wanted here");
    }
    const std::string name = ref.fields[0]->string->sval;
    if (const std::optional<std::size_t> index = scope_.schema->find(name)) {
      return column_node(*index, place(ref.location));
    }
    if (const std::optional<MetaFieldInfo> meta = find_meta_field(name)) {
      Node node = make(NodeKind::kMeta, meta->type, place(ref.location));
      node->meta = meta->field;
      return node;
    }
    return fail(ref.location, Code::kUnknownColumn,
                "column \"" + name + "\" does not exist in " + scope_.source, nearest_column(name));
  }

  static std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    std::vector<std::size_t> last;
    std::vector<std::size_t> before;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      before = std::exchange(last, row);
      row[0] = i;
      for (std::size_t j = 1; j <= b.size(); ++j) {
        row[j] =
            std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
        const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
        if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    return row[b.size()];
  }

  std::string nearest_column(std::string_view name) const {
    const Field* best = nullptr;
    std::size_t least = name.size() / 3 + 2;
    for (const Field& field : scope_.schema->fields()) {
      const std::size_t d = distance(name, field.name);
      if (d < least) {
        least = d;
        best = &field;
      }
    }
    return best == nullptr ? std::string()
                           : "did you mean \"" + best->name + "\" (" + to_string(best->type) + ")?";
  }

  Node constant(const PgQuery__AConst& value) {
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
        return number(node, value.fval->fval, value.location);
      case PG_QUERY__A__CONST__VAL_BOOLVAL:
        node->type = boolean_type();
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

  Node number(const Node& node, std::string_view digits, int location) {
    std::int64_t integer = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), integer);
    if (error == std::errc{} && end == digits.data() + digits.size()) {
      node->type = {.kind = TypeKind::kBigint};
      node->integer = integer;
      return node;
    }
    const std::optional<Numeric> numeric = parse_numeric(digits);
    if (!numeric) return fail(location, Code::kSqlType, "a numeric has at most 38 digits");
    node->type = {.kind = TypeKind::kNumeric};
    node->numeric = *numeric;
    return node;
  }

  // Implicitly, as PostgreSQL does: up the ladder of numbers, and literals to anything.
  static int implicit_cost(const ExpressionNode& node, TypeKind to) {
    if (node.unknown) return to == TypeKind::kText ? 1 : 2;
    if (node.type.kind == to) return 0;
    const auto rank = [](TypeKind kind) {
      switch (kind) {
        case TypeKind::kInteger:
          return 1;
        case TypeKind::kBigint:
          return 2;
        case TypeKind::kNumeric:
          return 3;
        case TypeKind::kDouble:
          return 4;
        default:
          return 0;
      }
    };
    const int from = rank(node.type.kind);
    return from != 0 && rank(to) > from ? rank(to) - from : -1;
  }

  Node literal_as(const Node& node, Type type) {
    // A literal is converted now, through the same cast a column would take.
    Node typed = make(NodeKind::kConstant, type, node->offset);
    typed->null = node->null;
    typed->text = node->text;
    if (node->null || type.kind == TypeKind::kText) return typed;
    const Function* cast = find_cast(TypeKind::kText, type.kind);
    Batch batch;
    batch.arena = std::make_unique<Arena>();
    batch.rows = 1;
    batch.select_all();
    const std::vector<Column> args = {Column::make({.kind = TypeKind::kText}, 1, *batch.arena)};
    args[0].values<std::string_view>()[0] = node->text;
    Column out = Column::make(type, 1, *batch.arena);
    std::vector<RowError> failed;
    KernelCall call{args, batch.selection, out, *batch.arena, failed};
    if (cast != nullptr) cast->kernel(call);
    if (cast == nullptr || !failed.empty()) {
      errors_.push_back({node->offset,
                         node->text.size() + 2,
                         Code::kSqlType,
                         "'" + node->text + "' is not a valid " + to_string(type),
                         {}});
      return nullptr;
    }
    for_type(type.kind, [&]<class T>(std::type_identity<T>) {
      const T value = out.values<T>()[0];
      if constexpr (std::is_same_v<T, std::string_view>) {
        typed->text = value;
      } else if constexpr (std::is_same_v<T, Numeric>) {
        typed->numeric = value;
      } else if constexpr (std::is_same_v<T, double>) {
        typed->real = value;
      } else {
        typed->integer = value;
      }
    });
    return typed;
  }

  // Null and an error when `node` is not implicitly of `type`.
  Node coerce(const Node& node, Type type) {
    if (node->unknown) return literal_as(node, type);
    if (node->type.kind == type.kind) return node;
    if (implicit_cost(*node, type.kind) < 0) {
      errors_.push_back({node->offset,
                         1,
                         Code::kSqlType,
                         to_string(type) + " is wanted here, and this is " + to_string(node->type),
                         {}});
      return nullptr;
    }
    return converted(node, type);
  }

  Node converted(const Node& node, Type type) {
    Node cast = make(NodeKind::kCall, {.kind = type.kind}, node->offset);
    cast->function = find_cast(node->type.kind, type.kind);
    cast->args = {node};
    return cast;
  }

  Node call(const std::string& name, std::vector<Node> args, long location, bool is_operator) {
    for (const Node& arg : args) {
      if (!arg) return nullptr;
    }
    // PostgreSQL's order: most arguments as they are, then most of those or of the preferred type
    // of numbers (double precision), then the shortest way up the ladder.
    const Function* best = nullptr;
    std::tuple<int, int, int> least;
    const std::vector<const Function*> candidates = find_functions(name);
    for (const Function* candidate : candidates) {
      if (candidate->args.size() != args.size()) continue;
      int cost = 0;
      int converted = 0;
      int not_preferred = 0;
      for (std::size_t i = 0; i < args.size() && cost >= 0; ++i) {
        const int one = literal_cost(args, i, candidate->args[i]);
        cost = one < 0 ? -1 : cost + one;
        if (one <= 0 || args[i]->unknown) continue;
        ++converted;
        if (candidate->args[i] != TypeKind::kDouble) ++not_preferred;
      }
      const std::tuple rank(converted, not_preferred, cost);
      if (cost >= 0 && (best == nullptr || rank < least)) {
        least = rank;
        best = candidate;
      }
    }
    if (best == nullptr) return no_such(name, args, location, is_operator, !candidates.empty());
    Node node = make(NodeKind::kCall, {.kind = best->result}, place(location));
    node->function = best;
    for (std::size_t i = 0; i < args.size(); ++i) {
      const Node coerced = coerce(args[i], {.kind = best->args[i]});
      if (!coerced) return nullptr;
      node->args.push_back(coerced);
    }
    return node;
  }

  // A literal beside a typed argument takes that one's type first.
  static int literal_cost(const std::vector<Node>& args, std::size_t i, TypeKind to) {
    if (args[i]->unknown) {
      for (const Node& other : args) {
        if (!other->unknown && other->type.kind == to) return 0;
      }
    }
    return implicit_cost(*args[i], to);
  }

  Node no_such(const std::string& name, const std::vector<Node>& args, long location,
               bool is_operator, bool exists) {
    std::vector<std::string> types;
    for (const Node& arg : args)
      types.push_back(arg->unknown ? "unknown" : to_string(Type{.kind = arg->type.kind}));
    if (is_operator) {
      return fail(
          location, Code::kUnknownOperator,
          "operator does not exist: " +
              (types.size() == 2 ? types[0] + " " + name + " " + types[1] : name + " " + types[0]));
    }
    std::string list;
    for (const std::string& type : types) list += (list.empty() ? "" : ", ") + type;
    std::string hint;
    if (!exists) {
      std::size_t least = name.size() / 3 + 2;
      for (const std::string_view known : function_names()) {
        if (const std::size_t d = distance(name, known); d < least) {
          least = d;
          hint = "did you mean \"" + std::string(known) + "\"?";
        }
      }
    }
    return fail(location, Code::kUnknownFunction,
                "function " + name + "(" + list + ") does not exist", hint);
  }

  Node expression(const PgQuery__AExpr& expr) {
    const std::string name =
        expr.n_name > 0 && expr.name[0]->node_case == PG_QUERY__NODE__NODE_STRING
            ? expr.name[expr.n_name - 1]->string->sval
            : "";
    switch (expr.kind) {
      case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
        if (expr.lexpr == nullptr) {
          if (name == "+") return compile(expr.rexpr);
          return call(name, {compile(expr.rexpr)}, expr.location, true);
        }
        return call(name, {compile(expr.lexpr), compile(expr.rexpr)}, expr.location, true);
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
        return between(expr, false);
      case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
        return between(expr, true);
      default:
        return fail(expr.location, Code::kSqlNotHere, "this operator is not in this version");
    }
  }

  Node negated(const Node& node) {
    if (!node) return nullptr;
    Node out = make(NodeKind::kNot, boolean_type(), node->offset);
    out->args = {node};
    return out;
  }

  Node like(const PgQuery__AExpr& expr, const std::string& name) {
    const bool negate = name[0] == '!';
    const Node node = call(negate ? name.substr(1) : name,
                           {compile(expr.lexpr), compile(expr.rexpr)}, expr.location, true);
    return negate ? negated(node) : node;
  }

  Node distinct(const PgQuery__AExpr& expr, bool negate) {
    const Node equal = call("=", {compile(expr.lexpr), compile(expr.rexpr)}, expr.location, true);
    if (!equal) return nullptr;
    Node node = make(NodeKind::kDistinct, boolean_type(), place(expr.location));
    node->args = {equal};
    return negate ? negated(node) : node;
  }

  Node joined(NodeKind kind, std::vector<Node> args, std::size_t offset) {
    Node node = make(kind, boolean_type(), offset);
    for (const Node& arg : args) {
      if (!arg) return nullptr;
      node->args.push_back(arg);
    }
    return node;
  }

  Node in_list(const PgQuery__AExpr& expr, bool negate) {
    std::vector<Node> tests;
    if (expr.rexpr->node_case != PG_QUERY__NODE__NODE_LIST) {
      return fail(expr.location, Code::kSqlNotHere, "IN wants a list of values");
    }
    for (std::size_t i = 0; i < expr.rexpr->list->n_items; ++i) {
      tests.push_back(call("=", {compile(expr.lexpr), compile(expr.rexpr->list->items[i])},
                           expr.location, true));
      if (!tests.back()) return nullptr;
    }
    const Node any =
        tests.size() == 1 ? tests[0] : joined(NodeKind::kOr, tests, place(expr.location));
    return negate ? negated(any) : any;
  }

  Node between(const PgQuery__AExpr& expr, bool negate) {
    const PgQuery__List& bounds = *expr.rexpr->list;
    const Node node =
        joined(NodeKind::kAnd,
               {call(">=", {compile(expr.lexpr), compile(bounds.items[0])}, expr.location, true),
                call("<=", {compile(expr.lexpr), compile(bounds.items[1])}, expr.location, true)},
               place(expr.location));
    return negate ? negated(node) : node;
  }

  Node null_if(const PgQuery__AExpr& expr) {
    const Node equal = call("=", {compile(expr.lexpr), compile(expr.rexpr)}, expr.location, true);
    if (!equal) return nullptr;
    Node node = make(NodeKind::kCase, equal->args[0]->type, place(expr.location));
    Node null = make(NodeKind::kConstant, node->type, node->offset);
    null->null = true;
    node->args = {equal, null, equal->args[0]};
    return node;
  }

  Node connective(const PgQuery__BoolExpr& expr) {
    if (expr.boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR) return negated(boolean(expr.args[0]));
    std::vector<Node> args;
    for (std::size_t i = 0; i < expr.n_args; ++i) args.push_back(boolean(expr.args[i]));
    const bool both = expr.boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
    return joined(both ? NodeKind::kAnd : NodeKind::kOr, std::move(args), place(expr.location));
  }

  Node null_test(const PgQuery__NullTest& test) {
    const Node arg = settled(compile(test.arg));
    if (!arg) return nullptr;
    Node node = make(NodeKind::kIsNull, boolean_type(), place(test.location));
    node->args = {arg};
    return test.nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL ? node : negated(node);
  }

  Node boolean_test(const PgQuery__BooleanTest& test) {
    const Node arg = boolean(test.arg);
    if (!arg) return nullptr;
    const auto with = [&](NodeKind kind) {
      Node node = make(kind, boolean_type(), place(test.location));
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

  // The type that all of `nodes` take; they are replaced by themselves in it.
  bool unify(std::vector<Node>& nodes, std::size_t offset) {
    Type common{.kind = TypeKind::kText};
    bool any = false;
    for (const Node& node : nodes) {
      if (!node) return false;
      if (node->unknown) continue;
      if (!any || implicit_cost(*node, common.kind) < 0) common = {.kind = node->type.kind};
      any = true;
    }
    for (Node& node : nodes) {
      if (!node->unknown && implicit_cost(*node, common.kind) < 0) {
        errors_.push_back(
            {offset,
             1,
             Code::kSqlType,
             "types " + to_string(common) + " and " + to_string(node->type) + " cannot be matched",
             {}});
        return false;
      }
      node = coerce(node, common);
      if (!node) return false;
    }
    return true;
  }

  Node case_expression(const PgQuery__CaseExpr& expr) {
    std::vector<Node> conditions;
    std::vector<Node> results;
    for (std::size_t i = 0; i < expr.n_args; ++i) {
      const PgQuery__CaseWhen& when = *expr.args[i]->case_when;
      conditions.push_back(expr.arg == nullptr ? boolean(when.expr)
                                               : call("=", {compile(expr.arg), compile(when.expr)},
                                                      when.location, true));
      results.push_back(compile(when.result));
      if (!conditions.back() || !results.back()) return nullptr;
    }
    if (expr.defresult != nullptr) results.push_back(compile(expr.defresult));
    if (!unify(results, place(expr.location))) return nullptr;
    Node node = make(NodeKind::kCase, results[0]->type, place(expr.location));
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      node->args.push_back(conditions[i]);
      node->args.push_back(results[i]);
    }
    if (results.size() > conditions.size()) node->args.push_back(results.back());
    return node;
  }

  Node coalesce(const PgQuery__CoalesceExpr& expr) {
    std::vector<Node> args;
    for (std::size_t i = 0; i < expr.n_args; ++i) args.push_back(compile(expr.args[i]));
    if (!unify(args, place(expr.location))) return nullptr;
    Node node = make(NodeKind::kCoalesce, args[0]->type, place(expr.location));
    node->args.assign(args.begin(), args.end());
    return node;
  }

  Node type_cast(const PgQuery__TypeCast& cast) {
    const Node arg = compile(cast.arg);
    const std::optional<Type> type = type_of(*cast.type_name);
    if (!type)
      return fail(cast.type_name->location, Code::kUnknownType,
                  "unknown type; there are " + std::string(type_names()));
    if (!arg) return nullptr;
    Node node;
    if (arg->unknown) {
      node = literal_as(arg, {.kind = type->kind});
    } else if (arg->type.kind == type->kind) {
      node = arg;
    } else if (find_cast(arg->type.kind, type->kind) != nullptr) {
      node = converted(arg, *type);
    } else {
      return fail(cast.location, Code::kSqlType,
                  "cannot cast type " + to_string(arg->type) + " to " + to_string(*type));
    }
    if (!node || type->precision == 0) return node;
    Node fitted = make(NodeKind::kFit, *type, node->offset);
    fitted->args = {node};
    return fitted;
  }

  Node function(const PgQuery__FuncCall& func) {
    const std::string name = func.funcname[func.n_funcname - 1]->string->sval;
    if (func.over != nullptr)
      return fail(func.location, Code::kSqlNotHere, "window functions are not possible here");
    static constexpr std::string_view kAggregates[] = {"count", "sum",       "avg",       "min",
                                                       "max",   "array_agg", "string_agg"};
    if (func.agg_star != 0 || func.agg_distinct != 0 ||
        std::find(std::begin(kAggregates), std::end(kAggregates), name) != std::end(kAggregates)) {
      return fail(func.location, Code::kSqlNotHere,
                  "aggregates belong into an aggregate step, which is not in this version");
    }
    if (name == "now" || name == "random" || name == "clock_timestamp") {
      return fail(
          func.location, Code::kSqlNotHere,
          name + "() differs in every replay" + (name == "random" ? "" : "; use _timestamp"));
    }
    std::vector<Node> args;
    for (std::size_t i = 0; i < func.n_args; ++i) args.push_back(compile(func.args[i]));
    return call(name, std::move(args), func.location, false);
  }

 public:
  static std::optional<Type> type_of(const PgQuery__TypeName& name) {
    if (name.n_array_bounds != 0 || name.n_names == 0) return std::nullopt;
    std::string text = name.names[name.n_names - 1]->string->sval;
    if (name.n_typmods > 0) {
      text += '(';
      for (std::size_t i = 0; i < name.n_typmods; ++i) {
        if (name.typmods[i]->node_case != PG_QUERY__NODE__NODE_A_CONST) return std::nullopt;
        if (i > 0) text += ',';
        text += std::to_string(name.typmods[i]->a_const->ival->ival);
      }
      text += ')';
    }
    return parse_type(text);
  }

 private:
  const std::string_view text_;
  const std::size_t prefix_;
  const SqlScope& scope_;
  Errors& errors_;
};

constexpr std::string_view kSelect = "SELECT ";
constexpr std::string_view kCreate = "CREATE TABLE t (";

// The targets of `SELECT <text>`, or null when it is more than that.
const PgQuery__SelectStmt* plain_select(const Parsed& parsed, std::string_view text,
                                        Errors& errors) {
  if (!parsed) return nullptr;
  const PgQuery__Node& stmt = *parsed->stmts[0]->stmt;
  const bool select = stmt.node_case == PG_QUERY__NODE__NODE_SELECT_STMT;
  const PgQuery__SelectStmt* const found = select ? stmt.select_stmt : nullptr;
  const bool plain =
      found != nullptr && found->n_from_clause == 0 && found->where_clause == nullptr &&
      found->n_group_clause == 0 && found->n_sort_clause == 0 && found->n_distinct_clause == 0 &&
      found->limit_count == nullptr && found->larg == nullptr && found->into_clause == nullptr &&
      found->having_clause == nullptr && found->n_window_clause == 0;
  if (plain) return found;
  errors.push_back({0,
                    text.size(),
                    Code::kSqlNotHere,
                    "only expressions may stand here, no FROM, WHERE, GROUP BY and the like",
                    {}});
  return nullptr;
}

void collect(const ExpressionNode& node, std::set<std::size_t>& columns, bool& headers) {
  if (node.kind == NodeKind::kColumn) columns.insert(node.column);
  if (node.kind == NodeKind::kMeta && node.meta == MetaField::kHeaders) headers = true;
  for (const NodePtr& arg : node.args) collect(*arg, columns, headers);
}

}  // namespace

Expression::Expression(std::shared_ptr<const ExpressionNode> root) : root_(std::move(root)) {
  collect(*root_, columns_, reads_headers_);
}

Type Expression::type() const { return root_->type; }

std::optional<std::size_t> Expression::as_column() const {
  if (root_->kind != NodeKind::kColumn) return std::nullopt;
  return root_->column;
}

namespace {

std::optional<Expression> compile_one(std::string_view text, const SqlScope& scope, Errors& errors,
                                      bool filter) {
  const std::size_t before = errors.size();
  const Parsed parsed = parse(kSelect, text, "", errors);
  const PgQuery__SelectStmt* const select = plain_select(parsed, text, errors);
  if (select == nullptr) return std::nullopt;
  if (select->n_target_list != 1 || *select->target_list[0]->res_target->name != '\0') {
    errors.push_back(
        {0, text.size(), Code::kSqlSyntax, "one expression without a name is wanted here", {}});
    return std::nullopt;
  }
  Compiler compiler(text, kSelect.size(), scope, errors);
  const PgQuery__Node* const value = select->target_list[0]->res_target->val;
  const Node node = filter ? compiler.boolean(value) : compiler.settled(compiler.compile(value));
  if (!node || errors.size() > before) return std::nullopt;
  return Expression(node);
}

}  // namespace

std::optional<Expression> compile_expression(std::string_view text, const SqlScope& scope,
                                             Errors& errors) {
  return compile_one(text, scope, errors, false);
}

std::optional<Expression> compile_filter(std::string_view text, const SqlScope& scope,
                                         Errors& errors) {
  return compile_one(text, scope, errors, true);
}

std::vector<SelectTarget> compile_select(std::string_view text, const SqlScope& scope,
                                         Errors& errors) {
  std::vector<SelectTarget> targets;
  const Parsed parsed = parse(kSelect, text, "", errors);
  const PgQuery__SelectStmt* const select = plain_select(parsed, text, errors);
  if (select == nullptr) return targets;
  Compiler compiler(text, kSelect.size(), scope, errors);
  const auto add = [&](std::string name, const Node& node, long location) {
    if (!node) return;
    const auto same = [&](const SelectTarget& target) { return target.name == name; };
    if (std::any_of(targets.begin(), targets.end(), same)) {
      compiler.fail(location, Code::kSqlSyntax, "there are two columns named \"" + name + "\"");
    } else if (name == "emit" || name == "within" || name == "asof" || find_meta_field(name)) {
      compiler.fail(location, Code::kSqlSyntax,
                    "\"" + name + "\" cannot name a column; choose another name with AS");
    } else {
      targets.push_back({std::move(name), Expression(node)});
    }
  };
  for (std::size_t i = 0; i < select->n_target_list; ++i) {
    const PgQuery__ResTarget& target = *select->target_list[i]->res_target;
    const PgQuery__Node& value = *target.val;
    const bool ref = value.node_case == PG_QUERY__NODE__NODE_COLUMN_REF;
    if (ref && value.column_ref->n_fields == 1 &&
        value.column_ref->fields[0]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
      for (std::size_t k = 0; k < scope.schema->size(); ++k) {
        add((*scope.schema)[k].name, compiler.column_node(k, 0), target.location);
      }
      continue;
    }
    const Node node = compiler.settled(compiler.compile(&value));
    std::string name = target.name;
    if (name.empty() && node && node->kind == NodeKind::kColumn)
      name = (*scope.schema)[node->column].name;
    if (name.empty() && node) {
      compiler.fail(target.location, Code::kSqlSyntax,
                    "this column has no name; give it one with AS");
      continue;
    }
    add(std::move(name), node, target.location);
  }
  return targets;
}

Schema compile_schema(std::string_view text, Errors& errors) {
  std::vector<Field> fields;
  const Parsed parsed = parse(kCreate, text, "\n)", errors);
  if (!parsed) return {};
  const PgQuery__Node& stmt = *parsed->stmts[0]->stmt;
  const SqlScope none;
  Compiler compiler(text, kCreate.size(), none, errors);
  if (stmt.node_case != PG_QUERY__NODE__NODE_CREATE_STMT) {
    compiler.fail(0, Code::kSqlSyntax, "a list of columns with types is wanted here");
    return {};
  }
  for (std::size_t i = 0; i < stmt.create_stmt->n_table_elts; ++i) {
    const PgQuery__Node& element = *stmt.create_stmt->table_elts[i];
    if (element.node_case != PG_QUERY__NODE__NODE_COLUMN_DEF) {
      compiler.fail(0, Code::kSqlNotHere, "only columns may stand in a schema");
      continue;
    }
    const PgQuery__ColumnDef& column = *element.column_def;
    const std::optional<Type> type = Compiler::type_of(*column.type_name);
    if (!type) {
      compiler.fail(column.type_name->location, Code::kUnknownType,
                    "unknown type of column \"" + std::string(column.colname) + "\"; there are " +
                        std::string(type_names()));
      continue;
    }
    Field field{column.colname, *type, false};
    for (std::size_t k = 0; k < column.n_constraints; ++k) {
      const PgQuery__Constraint& constraint = *column.constraints[k]->constraint;
      if (constraint.contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL) {
        field.not_null = true;
      } else if (constraint.contype != PG_QUERY__CONSTR_TYPE__CONSTR_NULL) {
        compiler.fail(constraint.location, Code::kSqlNotHere,
                      "only NOT NULL may stand behind a column's type");
      }
    }
    const auto same = [&](const Field& other) { return other.name == field.name; };
    if (std::any_of(fields.begin(), fields.end(), same)) {
      compiler.fail(column.location, Code::kSqlSyntax,
                    "there are two columns named \"" + field.name + "\"");
    } else if (find_meta_field(field.name)) {
      compiler.fail(column.location, Code::kSqlSyntax,
                    "\"" + field.name + "\" is the name of a metadata column");
    } else {
      fields.push_back(std::move(field));
    }
  }
  return Schema(std::move(fields));
}

}  // namespace weir
