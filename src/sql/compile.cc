#include <algorithm>

#include "sql/compiler.h"
#include "sql/expression.h"
#include "sql/node.h"
#include "sql/syntax.h"

namespace weir {
namespace {

using Node = Compiler::Node;
using Errors = std::vector<SqlError>;

void collect(const ExpressionNode& node, std::set<std::size_t>& columns, bool& headers) {
  if (node.kind == NodeKind::kColumn) columns.insert(node.column);
  if (node.kind == NodeKind::kMeta && node.meta == MetaField::kHeaders) headers = true;
  for (const NodePtr& arg : node.args) collect(*arg, columns, headers);
}

// Everything that touches a parse tree, its end included, happens on the deep stack.
template <class F>
void with_parser(Errors& errors, F&& work) {
  if (!on_deep_stack(work)) {
    errors.push_back({0, 1, Code::kSqlSyntax, "the system has no thread left to parse this", {}});
  }
}

std::optional<Expression> compile_one(std::string_view text, const SqlScope& scope, Errors& errors,
                                      bool filter) {
  const std::size_t before = errors.size();
  const SyntaxTree tree = parse_select(text, errors);
  if (tree.select == nullptr) return std::nullopt;
  Compiler compiler(text, tree.prefix, scope, errors);
  const PgQuery__ResTarget& target = *tree.select->target_list[0]->res_target;
  if (tree.select->n_target_list != 1) {
    const long second = tree.select->target_list[1]->res_target->location;
    compiler.fail(second, Code::kSqlSyntax, "one expression is wanted here, and this is a second",
                  "a comma ends an expression");
    return std::nullopt;
  }
  if (*target.name != '\0') {
    compiler.fail(target.location, Code::kSqlSyntax,
                  "an expression without a name is wanted here, and this one is named \"" +
                      std::string(target.name) + "\"",
                  "an operator may be missing, such as AND");
    return std::nullopt;
  }
  const Node node = filter ? compiler.boolean(target.val, "a filter")
                           : compiler.settled(compiler.compile(target.val));
  if (!node || errors.size() > before) return std::nullopt;
  return Expression(node);
}

// The targets of one select list, with their names.
class Selection {
 public:
  Selection(std::string_view text, const SyntaxTree& tree, const SqlScope& scope, Errors& errors)
      : scope_(scope), compiler_(text, tree.prefix, scope, errors) {}

  void add(const PgQuery__ResTarget& target) {
    const PgQuery__Node& value = *target.val;
    const bool ref = value.node_case == PG_QUERY__NODE__NODE_COLUMN_REF;
    if (ref && value.column_ref->n_fields == 1 &&
        value.column_ref->fields[0]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
      for (std::size_t i = 0; i < scope_.schema->size(); ++i) {
        put((*scope_.schema)[i].name, compiler_.column_node(i, 0), target.location);
      }
      return;
    }
    const Node node = compiler_.settled(compiler_.compile(&value));
    if (!node) return;
    std::string name = target.name;
    if (name.empty() && node->kind == NodeKind::kColumn) name = (*scope_.schema)[node->column].name;
    if (name.empty()) return unnamed(*node, value, target.location);
    put(std::move(name), node, target.location);
  }

  std::vector<SelectTarget> targets;

 private:
  void unnamed(const ExpressionNode& node, const PgQuery__Node& value, long location) {
    std::string hint;
    if (node.kind == NodeKind::kMeta) {
      hint = "metadata goes out under another name only, such as AS source" +
             std::string(string_of(*value.column_ref->fields[0]));
    } else if (value.node_case == PG_QUERY__NODE__NODE_COLUMN_REF) {
      hint = "such as AS " + std::string(string_of(*value.column_ref->fields[1]));
    }
    compiler_.fail(location, Code::kSqlSyntax, "this column has no name; give it one with AS",
                   hint);
  }

  void put(std::string name, const Node& node, long location) {
    const auto same = [&](const SelectTarget& target) { return target.name == name; };
    if (std::any_of(targets.begin(), targets.end(), same)) {
      compiler_.fail(location, Code::kSqlSyntax, "there are two columns named \"" + name + "\"");
    } else if (name == "emit" || name == "within" || name == "asof" || find_meta_field(name)) {
      compiler_.fail(location, Code::kSqlSyntax, "\"" + name + "\" cannot name a column",
                     find_meta_field(name) ? "it is the name of a metadata column"
                                           : "it is a word of weir's own grammar");
    } else {
      targets.push_back({std::move(name), Expression(node)});
    }
  }

  const SqlScope& scope_;
  Compiler compiler_;
};

// The columns of a schema.
class Declaration {
 public:
  Declaration(std::string_view text, const SyntaxTree& tree, Errors& errors)
      : text_(text), prefix_(tree.prefix), compiler_(text, tree.prefix, none_, errors) {}

  void add(const PgQuery__Node& element) {
    if (element.node_case != PG_QUERY__NODE__NODE_COLUMN_DEF) {
      compiler_.fail(location_of_element(element), Code::kSqlNotHere,
                     "only columns may stand in a schema");
      return;
    }
    const PgQuery__ColumnDef& column = *element.column_def;
    const std::optional<Type> type = compiler_.type_of(*column.type_name);
    Field field{column.colname, type.value_or(Type{}), false};
    if (column.coll_clause != nullptr) {
      compiler_.fail(column.coll_clause->location, Code::kSqlNotHere,
                     "text always compares by its bytes; COLLATE is not in this version");
    }
    for (std::size_t i = 0; i < column.n_constraints; ++i) {
      const PgQuery__Constraint& constraint = *column.constraints[i]->constraint;
      if (constraint.contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL) {
        field.not_null = true;
      } else if (constraint.contype != PG_QUERY__CONSTR_TYPE__CONSTR_NULL) {
        compiler_.fail(constraint.location, Code::kSqlNotHere,
                       "only NOT NULL may stand behind a column's type");
      }
    }
    if (type) put(std::move(field), column.location);
  }

  std::vector<Field> fields;

 private:
  static long location_of_element(const PgQuery__Node& element) {
    return element.node_case == PG_QUERY__NODE__NODE_CONSTRAINT ? element.constraint->location : -1;
  }

  void put(Field field, long location) {
    const auto same = [&](const Field& other) { return other.name == field.name; };
    if (std::any_of(fields.begin(), fields.end(), same)) {
      compiler_.fail(location, Code::kSqlSyntax,
                     "there are two columns named \"" + field.name + "\"");
    } else if (find_meta_field(field.name)) {
      compiler_.fail(location, Code::kSqlSyntax,
                     "\"" + field.name + "\" is the name of a metadata column");
    } else if (const std::string written = as_written(field.name, location); !written.empty()) {
      // A JSON field of that name would silently be NULL for ever.
      compiler_.fail(location, Code::kSqlSyntax,
                     "SQL reads " + written + " as \"" + field.name + "\"",
                     "for a field with capital letters write \"" + written + "\"");
    } else {
      fields.push_back(std::move(field));
    }
  }

  // The name as it stands in the text, when the grammar folded its capital letters; else empty.
  std::string as_written(const std::string& name, long location) const {
    const std::size_t at = static_cast<std::size_t>(std::max<long>(location, 0)) - prefix_;
    if (at >= text_.size() || text_[at] == '"') return {};
    const std::string written(text_.substr(at, name.size()));
    return written == name ? std::string() : written;
  }

  const SqlScope none_;
  const std::string_view text_;
  const std::size_t prefix_;
  Compiler compiler_;
};

}  // namespace

Expression::Expression(std::shared_ptr<const ExpressionNode> root) : root_(std::move(root)) {
  collect(*root_, columns_, reads_headers_);
}

Type Expression::type() const { return root_->type; }

std::optional<std::size_t> Expression::as_column() const {
  if (root_->kind != NodeKind::kColumn) return std::nullopt;
  return root_->column;
}

std::optional<Expression> compile_expression(std::string_view text, const SqlScope& scope,
                                             Errors& errors) {
  std::optional<Expression> made;
  with_parser(errors, [&] { made = compile_one(text, scope, errors, false); });
  return made;
}

std::optional<Expression> compile_filter(std::string_view text, const SqlScope& scope,
                                         Errors& errors) {
  std::optional<Expression> made;
  with_parser(errors, [&] { made = compile_one(text, scope, errors, true); });
  return made;
}

std::vector<SelectTarget> compile_select(std::string_view text, const SqlScope& scope,
                                         Errors& errors) {
  std::vector<SelectTarget> targets;
  with_parser(errors, [&] {
    const SyntaxTree tree = parse_select(text, errors);
    if (tree.select == nullptr) return;
    Selection selection(text, tree, scope, errors);
    for (std::size_t i = 0; i < tree.select->n_target_list; ++i) {
      selection.add(*tree.select->target_list[i]->res_target);
    }
    targets = std::move(selection.targets);
  });
  return targets;
}

bool is_select_list(std::string_view text) {
  bool list = false;
  Errors ignored;
  with_parser(ignored, [&] {
    const SyntaxTree tree = parse_select(text, ignored);
    if (tree.select == nullptr) return;
    const PgQuery__ResTarget& first = *tree.select->target_list[0]->res_target;
    const bool star =
        first.val->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
        first.val->column_ref->fields[first.val->column_ref->n_fields - 1]->node_case ==
            PG_QUERY__NODE__NODE_A_STAR;
    list = tree.select->n_target_list > 1 || *first.name != '\0' || star;
  });
  return list;
}

Schema compile_schema(std::string_view text, Errors& errors) {
  std::vector<Field> fields;
  with_parser(errors, [&] {
    const SyntaxTree tree = parse_columns(text, errors);
    if (tree.columns == nullptr) return;
    Declaration declaration(text, tree, errors);
    for (std::size_t i = 0; i < tree.columns->n_table_elts; ++i) {
      declaration.add(*tree.columns->table_elts[i]);
    }
    fields = std::move(declaration.fields);
  });
  return Schema(std::move(fields));
}

}  // namespace weir
