#include <algorithm>

#include "base/nearest.h"
#include "sql/compiler.h"
#include "sql/refusals.h"

namespace weir {
namespace {

using Node = Compiler::Node;

std::string type_list(const std::vector<TypeKind>& kinds) {
  std::string list;
  for (const TypeKind kind : kinds) {
    list += (list.empty() ? "" : ", ") + to_string(Type{.kind = kind});
  }
  return list;
}

std::string known_overloads(const std::string& name) {
  std::string list;
  for (const Function* each : find_functions(name)) {
    if (!each->kernel) continue;
    list += (list.empty() ? "there is " : ", ") + name + "(" + type_list(each->args) + ")";
  }
  return list;
}

}  // namespace

Node Compiler::function(const PgQuery__FuncCall& func) {
  const std::string name(catalog_name(func.n_funcname, func.funcname));
  if (name.empty()) {
    return fail(func.location, Code::kSqlNotHere,
                "functions have no schema in front of their name");
  }
  if (func.over != nullptr) {
    return fail(func.location, Code::kSqlNotHere,
                "window functions are not possible in a streaming expression");
  }
  const std::optional<Type> type = func.n_args == 1 ? parse_type(name) : std::nullopt;
  const bool exists = !find_functions(name).empty() || type.has_value();
  const std::optional<Refusal> refusal = refuse_function(name);
  if (func.agg_star != 0 || (refusal && !exists)) {
    const Refusal why = refusal ? *refusal : *refuse_function("count");
    return fail(func.location, Code::kSqlNotHere, why.message, why.hint);
  }
  if (func.agg_distinct != 0 || func.agg_filter != nullptr || func.n_agg_order != 0 ||
      func.agg_within_group != 0 || func.func_variadic != 0) {
    return fail(func.location, Code::kSqlNotHere,
                "DISTINCT, ORDER BY, FILTER and VARIADIC have no meaning in this function");
  }
  std::vector<Node> args;
  for (std::size_t i = 0; i < func.n_args; ++i) args.push_back(compile(func.args[i]));
  if (std::find(args.begin(), args.end(), nullptr) != args.end()) return nullptr;
  if (name == "jsonb_build_object" || name == "jsonb_build_array") {
    return build_json(name, args, func.location);
  }
  if (name == "concat" || name == "concat_ws") return concat(name, args, func.location);
  if (name == "random" && args.empty()) return random(func.location);
  // PostgreSQL takes date(x) for x::date, where no function has that name.
  if (type && find_functions(name).empty()) return cast_to(args[0], *type, func.location);
  return call(name, args, func.location);
}

// Of the row's _id, and of where it is called: a restart makes the rows that it made before.
Node Compiler::random(long location) {
  const MetaFieldInfo id = *find_meta_field("_id");
  const Node row = make(NodeKind::kMeta, id.type, place(location));
  row->meta = id.field;
  const Node call_site = make(NodeKind::kConstant, {.kind = TypeKind::kText}, place(location));
  call_site->text = scope_.source + "/" + std::to_string(random_calls_++);
  return call("random", {row, call_site}, location);
}

Node Compiler::concat(const std::string& name, const std::vector<Node>& args, long location) {
  const bool separated = name == "concat_ws";
  if (args.size() < (separated ? 2U : 1U)) return no_function(name, args, location);
  Node node = make(NodeKind::kCall, {.kind = TypeKind::kText}, place(location));
  node->function = find_variadic(name, TypeKind::kText);
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Node text =
        separated && i == 0 ? coerce(args[i], {.kind = TypeKind::kText}) : as_text(args[i]);
    if (!text) return nullptr;
    node->args.push_back(text);
  }
  return node;
}

// Keys go in as text, values as jsonb.
Node Compiler::build_json(const std::string& name, const std::vector<Node>& args, long location) {
  const bool object = name == "jsonb_build_object";
  if (object && args.size() % 2 != 0) {
    return fail(location, Code::kSqlType, "every key needs a value",
                "such as jsonb_build_object('a', 1, 'b', 2)");
  }
  Node node = make(NodeKind::kCall, {.kind = TypeKind::kJsonb}, place(location));
  node->function = find_variadic(name, TypeKind::kJsonb);
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool key = object && i % 2 == 0;
    const Node value = key && !args[i]->unknown && args[i]->type.kind != TypeKind::kText
                           ? converted(args[i], {.kind = TypeKind::kText})
                           : settled(args[i]);
    const Node made = !value || key ? value : call("to_jsonb", {value}, location);
    if (!made) return nullptr;
    node->args.push_back(made);
  }
  return node;
}

Node Compiler::no_function(const std::string& name, const std::vector<Node>& args, long location) {
  std::string list;
  for (const Node& arg : args) {
    list += (list.empty() ? "" : ", ") +
            (arg->unknown ? std::string("unknown") : to_string(Type{.kind = arg->type.kind}));
  }
  std::string hint = known_overloads(name);
  if (hint.empty()) hint = did_you_mean(name, function_names());
  return fail(location, Code::kUnknownFunction,
              "function " + name + "(" + list + ") does not exist", hint);
}

}  // namespace weir
