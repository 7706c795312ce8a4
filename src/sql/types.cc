#include <algorithm>
#include <tuple>

#include "data/type_hint.h"
#include "sql/compiler.h"
#include "sql/evaluator.h"
#include "sql/value_text.h"

namespace weir {
namespace {

using Node = Compiler::Node;

// How far up the ladder of numbers, which implicit casts climb.
int rank_of(TypeKind kind) {
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
}

// Steps of the implicit cast; -1 when there is none. A literal takes any type.
int implicit_cost(const ExpressionNode& node, TypeKind to) {
  if (node.unknown || node.type.kind == to) return 0;
  const int from = rank_of(node.type.kind);
  return from != 0 && rank_of(to) > from ? rank_of(to) - from : -1;
}

// What a literal likes to be: what stands beside it, else text, else the largest number.
int literal_cost(const std::vector<Node>& args, TypeKind to) {
  for (const Node& other : args) {
    if (!other->unknown && other->type.kind == to) return 0;
  }
  return to == TypeKind::kText ? 1 : to == TypeKind::kDouble ? 2 : 3;
}

// PostgreSQL's order: most arguments as they are, then most of those or of the preferred type of
// numbers (double precision), then what literals like, then the shortest way up the ladder.
using Rank = std::tuple<int, int, int, int>;
std::optional<Rank> rank(const Function& candidate, const std::vector<Node>& args) {
  if (candidate.args.size() != args.size()) return std::nullopt;
  int converted = 0;
  int not_preferred = 0;
  int literals = 0;
  int steps = 0;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const int cost = implicit_cost(*args[i], candidate.args[i]);
    if (cost < 0) return std::nullopt;
    steps += cost;
    if (args[i]->unknown) literals += literal_cost(args, candidate.args[i]);
    if (cost == 0) continue;
    ++converted;
    if (candidate.args[i] != TypeKind::kDouble) ++not_preferred;
  }
  return Rank{converted, not_preferred, literals, steps};
}

bool is_operator(const std::string& name) {
  return !(name[0] >= 'a' && name[0] <= 'z') && name[0] != '_';
}

}  // namespace

const Function* Compiler::choose(const std::string& name, const std::vector<Node>& args) const {
  const Function* best = nullptr;
  Rank least;
  for (const Function* candidate : find_functions(name)) {
    const std::optional<Rank> ranked = rank(*candidate, args);
    if (!ranked || (best != nullptr && *ranked >= least)) continue;
    least = *ranked;
    best = candidate;
  }
  return best;
}

Node Compiler::call(const std::string& name, const std::vector<Node>& args, long location) {
  if (std::find(args.begin(), args.end(), nullptr) != args.end()) return nullptr;
  const Function* const best = choose(name, args);
  if (best == nullptr) {
    return is_operator(name) ? no_operator(name, args, location)
                             : no_function(name, args, location);
  }
  if (!best->kernel) return fail(location, Code::kSqlNotHere, best->refusal);
  const bool all_literals =
      std::all_of(args.begin(), args.end(), [](const Node& arg) { return arg->unknown; });
  if (is_operator(name) && all_literals && best->args[0] != TypeKind::kText) {
    return fail(location, Code::kUnknownOperator, "nothing says of what type these literals are",
                "cast one of them, such as '1'::integer");
  }
  Node node = make(NodeKind::kCall, {.kind = best->result}, place(location));
  node->function = best;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Node coerced = coerce(args[i], {.kind = best->args[i]});
    if (!coerced) return nullptr;
    node->args.push_back(coerced);
  }
  return node;
}

Node Compiler::coerce(const Node& node, Type type) {
  if (node->unknown) return literal_as(node, type);
  if (node->type.kind == type.kind) return settled(node);
  if (implicit_cost(*node, type.kind) < 0) {
    return fail_at(node->offset, Code::kSqlType,
                   to_string(type) + " is wanted here, and this is " + to_string(node->type));
  }
  return converted(node, type);
}

Node Compiler::converted(const Node& node, Type type) {
  const bool digits = node->kind == NodeKind::kConstant && !node->unknown && !node->text.empty() &&
                      node->type.kind == TypeKind::kNumeric;
  if (digits && type.kind == TypeKind::kDouble) return literal_as(node, type);
  const Node settled_node = settled(node);
  if (!settled_node) return nullptr;
  Node cast = make(NodeKind::kCall, {.kind = type.kind}, node->offset);
  cast->function = find_cast(node->type.kind, type.kind);
  cast->args = {settled_node};
  return cast;
}

// A literal is converted now, through the same cast that a column would take.
Node Compiler::literal_as(const Node& node, Type type) {
  Node typed = make(NodeKind::kConstant, type, node->offset);
  typed->null = node->null;
  if (node->null) return typed;
  const std::optional<Expression> value = compile_constant(node->text, type);
  if (!value) {
    return fail_at(node->offset, Code::kSqlType,
                   "'" + node->text + "' is not a valid " + to_string(type));
  }
  *typed = value->root();
  typed->offset = node->offset;
  return typed;
}

Node Compiler::as_text(const Node& node) {
  if (node->unknown || node->type.kind == TypeKind::kText) return settled(node);
  const Node text = converted(node, {.kind = TypeKind::kText});
  if (!text || node->type.kind != TypeKind::kBoolean) return text;
  // concat() shows a boolean as PostgreSQL prints it, unlike the cast to text: t and f.
  const auto letter = [&](const char* shown) {
    Node made = make(NodeKind::kConstant, {.kind = TypeKind::kText}, node->offset);
    made->text = shown;
    return made;
  };
  Node shown = make(NodeKind::kCase, {.kind = TypeKind::kText}, node->offset);
  shown->args = {node, letter("t"), negated(node), letter("f")};
  return shown;
}

bool Compiler::unify(std::vector<Node>& nodes, std::size_t offset, std::string_view what) {
  if (std::find(nodes.begin(), nodes.end(), nullptr) != nodes.end()) return false;
  Type common{.kind = TypeKind::kText};
  bool any = false;
  for (const Node& node : nodes) {
    if (node->unknown) continue;
    if (!any || implicit_cost(*node, common.kind) < 0) common = {.kind = node->type.kind};
    any = true;
  }
  for (Node& node : nodes) {
    if (implicit_cost(*node, common.kind) < 0) {
      fail_at(offset, Code::kSqlType,
              std::string(what) + " types " + to_string(Type{.kind = node->type.kind}) + " and " +
                  to_string(common) + " cannot be matched");
      return false;
    }
    node = coerce(node, common);
    if (!node) return false;
  }
  return true;
}

Node Compiler::type_cast(const PgQuery__TypeCast& cast) {
  const std::optional<Type> type = type_of(*cast.type_name);
  const Node arg = compile(cast.arg);
  if (!arg || !type) return nullptr;
  const Type plain{.kind = type->kind};
  Node node = arg;
  if (arg->unknown) {
    node = literal_as(arg, plain);
  } else if (arg->type.kind == type->kind) {
    node = settled(arg);
  } else if (find_cast(arg->type.kind, type->kind) != nullptr) {
    node = converted(arg, plain);
  } else {
    return fail(cast.location, Code::kSqlType,
                "cannot cast type " + to_string(arg->type) + " to " + to_string(*type));
  }
  if (!node || type->precision == 0) return node;
  Node fitted = make(NodeKind::kFit, *type, node->offset);
  fitted->args = {node};
  return fitted;
}

std::optional<Type> Compiler::type_of(const PgQuery__TypeName& name) {
  std::string text(catalog_name(name.n_names, name.names));
  if (text.empty() || name.setof != 0 || name.pct_type != 0) {
    fail(name.location, Code::kUnknownType, "a plain type is wanted here",
         "one of " + std::string(type_names()));
    return std::nullopt;
  }
  const std::string shown = text;
  if (name.n_typmods > 0) {
    text += '(';
    for (std::size_t i = 0; i < name.n_typmods; ++i) {
      const PgQuery__Node& modifier = *name.typmods[i];
      const bool number = modifier.node_case == PG_QUERY__NODE__NODE_A_CONST &&
                          modifier.a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL;
      text += (i > 0 ? "," : "") +
              (number ? std::to_string(modifier.a_const->ival->ival) : std::string("?"));
    }
    text += ')';
  }
  if (name.n_array_bounds != 0) {
    fail(name.location, Code::kUnknownType, "arrays are not in this version", "jsonb holds lists");
    return std::nullopt;
  }
  const std::optional<Type> type = parse_type(text);
  if (!type) {
    fail(name.location, Code::kUnknownType,
         parse_type(shown) ? "type " + text + " is not in this version"
                           : "type \"" + shown + "\" does not exist",
         type_hint(text));
  }
  return type;
}

std::optional<Expression> compile_constant(std::string_view text, Type type) {
  auto node = std::make_shared<ExpressionNode>();
  node->kind = NodeKind::kConstant;
  node->type = type;
  node->text = text;
  if (type.kind == TypeKind::kText) return Expression(node);
  const Function* const cast = find_cast(TypeKind::kText, type.kind);
  if (cast == nullptr) return std::nullopt;
  Batch batch;
  batch.arena = std::make_unique<Arena>();
  batch.rows = 1;
  batch.select_all();
  const std::vector<Column> args = {Column::make({.kind = TypeKind::kText}, 1, *batch.arena)};
  args[0].values<std::string_view>()[0] = text;
  Column out = Column::make({.kind = type.kind}, 1, *batch.arena);
  std::vector<RowError> failed;
  KernelCall call{args, batch.selection, out, *batch.arena, failed};
  cast->kernel(call);
  if (!failed.empty()) return std::nullopt;
  bool fits = true;
  for_type(type.kind, [&]<class T>(std::type_identity<T>) {
    const T value = out.values<T>()[0];
    node->text.clear();
    if constexpr (std::is_same_v<T, std::string_view>) {
      node->text = value;
    } else if constexpr (std::is_same_v<T, Numeric>) {
      const std::optional<Numeric> fitted =
          type.precision == 0 ? value : fit(value, type.precision, type.scale);
      fits = fitted.has_value();
      node->numeric = fitted.value_or(value);
    } else if constexpr (std::is_same_v<T, double>) {
      node->real = value;
    } else {
      node->integer = value;
    }
  });
  return fits ? std::optional(Expression(node)) : std::nullopt;
}

}  // namespace weir
