#include "sql/refusals.h"

#include <algorithm>

#include "sql/compiler.h"

namespace weir {
namespace {

struct Word {
  std::string_view name;
  std::string_view hint;
};

constexpr std::string_view kTimeHint = "_timestamp is the record's own time";

// They answer differently in every replay, so a restart would change rows that are out already.
constexpr Word kVolatile[] = {
    {"now", kTimeHint},
    {"clock_timestamp", kTimeHint},
    {"statement_timestamp", kTimeHint},
    {"transaction_timestamp", kTimeHint},
    {"timeofday", kTimeHint},
    {"gen_random_uuid", "_id is one per row, the same in every replay"},
    {"nextval", "_offset counts the records of a partition"},
    {"pg_sleep", ""},
};

constexpr std::string_view kAggregates[] = {"count",      "sum",
                                            "avg",        "min",
                                            "max",        "array_agg",
                                            "string_agg", "json_agg",
                                            "jsonb_agg",  "bool_and",
                                            "bool_or",    "every",
                                            "stddev",     "variance",
                                            "corr",       "row_number",
                                            "rank",       "lag",
                                            "lead",       "first_value",
                                            "last_value", "percentile_cont",
                                            "mode"};

// Names of other systems and of PostgreSQL that are written otherwise here.
constexpr Word kOtherwise[] = {
    {"if", "write CASE WHEN a THEN b ELSE c END"},
    {"iff", "write CASE WHEN a THEN b ELSE c END"},
    {"iif", "write CASE WHEN a THEN b ELSE c END"},
    {"ifnull", "write coalesce(a, b)"},
    {"isnull", "write a IS NULL"},
    {"nvl", "write coalesce(a, b)"},
    {"len", "write length(a)"},
    {"ucase", "write upper(a)"},
    {"lcase", "write lower(a)"},
    {"instr", "write strpos(a, b)"},
    {"locate", "write strpos(a, b)"},
    {"charindex", "write strpos(a, b)"},
    {"contains", "write strpos(a, b) > 0"},
    {"mid", "write substr(a, 1, 2)"},
    {"trim", "write trim(a), without more arguments"},
    {"truncate", "write trunc(a)"},
    {"to_number", "write a::numeric"},
    {"to_date", "write a::date, of ISO 8601 text"},
    {"date_add", "write a + interval '1 day'"},
    {"dateadd", "write a + interval '1 day'"},
    {"date_sub", "write a - interval '1 day'"},
    {"date_diff", "write a - b"},
    {"year", "write extract(year from a)"},
    {"month", "write extract(month from a)"},
    {"day", "write extract(day from a)"},
    {"hour", "write extract(hour from a)"},
    {"minute", "write extract(minute from a)"},
    {"datediff", "write a - b"},
    {"unix_timestamp", "write extract(epoch from a)"},
    {"from_unixtime", "write to_timestamp(a)"},
    {"get_json_object", "write a ->> 'field'"},
    {"json_extract", "write a ->> 'field'"},
    {"json_value", "write a ->> 'field'"},
    {"json_build_object", "write jsonb_build_object(a, b)"},
    {"json_object", "write jsonb_build_object(a, b)"},
    {"json_build_array", "write jsonb_build_array(a, b)"},
    {"to_json", "write to_jsonb(a)"},
    {"rlike", "write a ~ 'regular expression'"},
    {"regexp", "write a ~ 'regular expression'"},
    {"regexp_extract", "write substring(a from 'x(y)z')"},
    {"base64", "write encode(a, 'base64')"},
    {"unbase64", "write decode(a, 'base64')"},
    {"from_base64", "write decode(a, 'base64')"},
    {"to_base64", "write encode(a, 'base64')"},
    {"hex", "write encode(a, 'hex')"},
    {"unhex", "write decode(a, 'hex')"},
    {"json_extract_path_text", "write a #>> '{x,y}'"},
    {"jsonb_extract_path_text", "write a #>> '{x,y}'"},
};

constexpr Word kOperators[] = {
    {"==", "= compares"},
    {"===", "= compares"},
    {"!==", "<> compares"},
    {"&&", "write AND"},
    {"!", "write NOT"},
    {"@", "columns have no @ in front; abs(a) is the absolute value"},
    {"**", "write power(a, b)"},
    {"~~", "LIKE compares texts; cast with ::text"},
    {"~~*", "ILIKE compares texts; cast with ::text"},
    {"->", "-> takes a field out of jsonb; there are no lambdas"},
    {"->>", "->> takes a field out of jsonb, as text"},
    {"#>", "#> takes a field out of jsonb, by its path"},
    {"#>>", "#>> takes a field out of jsonb, by its path, as text"},
    {"<=>", "write IS NOT DISTINCT FROM"},
    {"|", "|| joins texts, OR conditions"},
    {"&", "bit operators are not in this version"},
    {"#", "bit operators are not in this version"},
    {"<<", "bit operators are not in this version"},
    {">>", "bit operators are not in this version"},
};

template <std::size_t N>
const Word* find_word(const Word (&words)[N], std::string_view name) {
  const Word* const found = std::find_if(std::begin(words), std::end(words),
                                         [&](const Word& w) { return w.name == name; });
  return found == std::end(words) ? nullptr : found;
}

Refusal value_function(const PgQuery__SQLValueFunction& function) {
  switch (function.op) {
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_ROLE:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_USER:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_USER:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_CATALOG:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA:
      return {"a stream has no users, catalogs and schemas",
              "a column of that name needs double quotes"};
    default:
      return {"the current time differs in every replay", std::string(kTimeHint)};
  }
}

}  // namespace

Refusal refuse_node(const PgQuery__Node& node) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_SUB_LINK:
      return {"a subquery is not possible in a streaming expression", ""};
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
      return value_function(*node.sqlvalue_function);
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
      return {"arrays are not in this version", "lists live in jsonb; IN takes a list of values"};
    case PG_QUERY__NODE__NODE_ROW_EXPR:
      return {"rows of values are not in this version", "compare column by column"};
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
      return {"subscripts and fields in brackets are not in this version",
              "write column -> 'field' or column -> 0"};
    case PG_QUERY__NODE__NODE_PARAM_REF:
      return {"there are no numbered parameters", "write params.NAME"};
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
      return {"text always compares by its bytes; COLLATE is not in this version", ""};
    case PG_QUERY__NODE__NODE_NAMED_ARG_EXPR:
      return {"arguments go by their place, not by name", ""};
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
      return {"DEFAULT has no meaning in an expression", ""};
    default:
      return {"this kind of expression is not in this version", ""};
  }
}

std::optional<Refusal> refuse_function(std::string_view name) {
  if (const Word* word = find_word(kVolatile, name)) {
    return Refusal{std::string(name) + "() differs in every replay", std::string(word->hint)};
  }
  if (std::find(std::begin(kAggregates), std::end(kAggregates), name) != std::end(kAggregates)) {
    return Refusal{"aggregates belong into an aggregate step, which is not in this version", ""};
  }
  if (const Word* word = find_word(kOtherwise, name)) {
    return Refusal{"there is no function " + std::string(name) + " here", std::string(word->hint)};
  }
  return std::nullopt;
}

std::string_view operator_hint(std::string_view name) {
  const Word* const word = find_word(kOperators, name);
  return word == nullptr ? std::string_view{} : word->hint;
}

long location_of(const PgQuery__Node& node) {
  switch (node.node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
      return node.column_ref->location;
    case PG_QUERY__NODE__NODE_A_CONST:
      return node.a_const->location;
    case PG_QUERY__NODE__NODE_A_EXPR:
      return node.a_expr->lexpr != nullptr ? location_of(*node.a_expr->lexpr)
                                           : node.a_expr->location;
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
      return node.bool_expr->location;
    case PG_QUERY__NODE__NODE_NULL_TEST:
      return location_of(*node.null_test->arg);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
      return location_of(*node.boolean_test->arg);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
      return node.case_expr->location;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
      return node.coalesce_expr->location;
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
      return node.min_max_expr->location;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
      return node.type_cast->arg != nullptr ? location_of(*node.type_cast->arg)
                                            : node.type_cast->location;
    case PG_QUERY__NODE__NODE_FUNC_CALL:
      return node.func_call->location;
    case PG_QUERY__NODE__NODE_SUB_LINK:
      return node.sub_link->location;
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
      return node.sqlvalue_function->location;
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
      return node.a_array_expr->location;
    case PG_QUERY__NODE__NODE_ROW_EXPR:
      return node.row_expr->location;
    case PG_QUERY__NODE__NODE_PARAM_REF:
      return node.param_ref->location;
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
      return node.collate_clause->location;
    case PG_QUERY__NODE__NODE_NAMED_ARG_EXPR:
      return node.named_arg_expr->location;
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
      return location_of(*node.a_indirection->arg);
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
      return node.set_to_default->location;
    default:
      return -1;
  }
}

}  // namespace weir
