#include <algorithm>

#include "data/type_hint.h"
#include "sql/compiler.h"
#include "sql/evaluator.h"
#include "sql/type_rules.h"

namespace weir {
namespace {

using Node = Compiler::Node;

// The unit of a type such as `interval day`; empty for every other type. The grammar gives the
// fields as PostgreSQL's mask (INTERVAL_MASK of timestamp.h).
std::string_view interval_unit(const PgQuery__TypeName& name) {
  struct Field {
    int mask;
    std::string_view unit;
  };
  constexpr Field kFields[] = {{1 << 1, "month"}, {1 << 2, "year"},    {1 << 3, "day"},
                               {1 << 10, "hour"}, {1 << 11, "minute"}, {1 << 12, "second"}};
  if (name.n_typmods != 1 || catalog_name(name.n_names, name.names) != "interval") return {};
  const PgQuery__Node& modifier = *name.typmods[0];
  if (modifier.node_case != PG_QUERY__NODE__NODE_A_CONST ||
      modifier.a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL) {
    return {};
  }
  const auto* const found =
      std::find_if(std::begin(kFields), std::end(kFields),
                   [&](const Field& field) { return field.mask == modifier.a_const->ival->ival; });
  return found == std::end(kFields) ? std::string_view{} : found->unit;
}

// Whether the one goes where the other is wanted; a literal goes anywhere.
bool goes(const ExpressionNode& node, TypeKind to) {
  return node.unknown || node.type.kind == to || goes_implicitly(node.type.kind, to);
}

// A day that PostgreSQL knows may be none here.
std::string_view range_of(Type type) {
  const bool has_date = type.kind == TypeKind::kDate || type.kind == TypeKind::kTimestamp ||
                        type.kind == TypeKind::kTimestamptz;
  return has_date ? "; it would be like 2026-11-22, in the years 0001 to 9999" : "";
}

}  // namespace

bool Compiler::is_operator(const std::string& name) {
  return !(name[0] >= 'a' && name[0] <= 'z') && name[0] != '_';
}

Node Compiler::call(const std::string& name, const std::vector<Node>& args, long location) {
  if (std::find(args.begin(), args.end(), nullptr) != args.end()) return nullptr;
  const Choice choice = choose(name, args);
  const Function* const best = choice.function;
  if (best == nullptr) {
    return is_operator(name) ? no_operator(name, args, location)
                             : no_function(name, args, location);
  }
  if (choice.ambiguous) {
    return fail(location, is_operator(name) ? Code::kUnknownOperator : Code::kUnknownFunction,
                "nothing says of what type these literals are",
                "cast one of them, such as '1'::" + to_string(Type{.kind = best->args.back()}));
  }
  if (!best->kernel) return fail(location, Code::kSqlNotHere, best->refusal);
  Node node = make(NodeKind::kCall, {.kind = best->result}, place(location));
  node->function = best;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Node coerced = coerce(args[i], {.kind = best->args[i]});
    if (!coerced) return nullptr;
    node->args.push_back(coerced);
  }
  return check_literals(node);
}

Node Compiler::check_literals(const Node& node) {
  if (node->function->check_second == nullptr) return node;
  const ExpressionNode& second = *node->args[1];
  if (second.kind != NodeKind::kConstant || second.null) return node;
  std::string mistake = node->function->check_second(second.text);
  return mistake.empty() ? node : fail_at(second.offset, Code::kSqlType, std::move(mistake));
}

Node Compiler::coerce(const Node& node, Type type) {
  if (node->unknown) return literal_as(node, type);
  if (node->type.kind == type.kind) return settled(node);
  if (!goes(*node, type.kind)) {
    return fail_at(node->offset, Code::kSqlType,
                   to_string(type) + " is wanted here, and this is " + to_string(node->type));
  }
  return converted(node, type);
}

Node Compiler::converted(const Node& node, Type type) {
  const bool digits = node->kind == NodeKind::kConstant && !node->unknown && !node->text.empty() &&
                      node->type.kind == TypeKind::kNumeric;
  const bool binary = type.kind == TypeKind::kDouble || type.kind == TypeKind::kReal;
  if (digits && binary) return literal_as(node, type);
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
    return fail_at(
        node->offset, Code::kSqlType,
        "'" + node->text + "' is not a valid " + to_string(type) + std::string(range_of(type)));
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
    const bool further =
        any && !is_preferred(common.kind) && goes_implicitly(common.kind, node->type.kind);
    if (!any || further) common = {.kind = node->type.kind};
    any = true;
  }
  for (Node& node : nodes) {
    if (!goes(*node, common.kind)) {
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
  if (const std::string_view unit = interval_unit(*cast.type_name); !unit.empty()) {
    return interval_of(cast, unit);
  }
  const std::optional<Type> type = type_of(*cast.type_name);
  const Node arg = compile(cast.arg);
  if (!arg || !type) return nullptr;
  return cast_to(arg, *type, cast.location);
}

Node Compiler::cast_to(const Node& arg, Type type, long location) {
  const Type plain{.kind = type.kind};
  Node node = arg;
  if (arg->unknown) {
    node = literal_as(arg, plain);
  } else if (arg->type.kind == type.kind) {
    node = settled(arg);
  } else if (find_cast(arg->type.kind, type.kind) != nullptr) {
    node = converted(arg, plain);
  } else {
    return fail(location, Code::kSqlType,
                "cannot cast type " + to_string(arg->type) + " to " + to_string(type));
  }
  if (!node || type.precision == 0) return node;
  Node fitted = make(NodeKind::kFit, type, node->offset);
  fitted->args = {node};
  return fitted;
}

// `interval '5' minute`: the number alone says no unit.
Node Compiler::interval_of(const PgQuery__TypeCast& cast, std::string_view unit) {
  const Node arg = compile(cast.arg);
  if (!arg) return nullptr;
  const bool number = arg->unknown && !arg->null &&
                      arg->text.find_first_not_of("+-.0123456789 ") == std::string::npos;
  if (!number) {
    return fail(cast.location, Code::kSqlNotHere,
                "the field behind an interval goes with a number alone",
                "write interval '1 day 2 hours'");
  }
  arg->text += " ";
  arg->text += unit;
  return literal_as(arg, {.kind = TypeKind::kInterval});
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
    T value = out.values<T>()[0];
    if constexpr (std::is_same_v<T, Numeric>) {
      const std::optional<Numeric> fitted =
          type.precision == 0 ? value : fit(value, type.precision, type.scale);
      fits = fitted.has_value();
      value = fitted.value_or(value);
    }
    set_constant(*node, value);
  });
  return fits ? std::optional(Expression(node)) : std::nullopt;
}

}  // namespace weir
