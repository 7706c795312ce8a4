#include <catch2/catch.hpp>

#include "data/render.h"
#include "sql/evaluator.h"
#include "sql/expression.h"

namespace weir {
namespace {

const Schema kSchema({{"n", {.kind = TypeKind::kInteger}, false},
                      {"big", {.kind = TypeKind::kBigint}, false},
                      {"price", {.kind = TypeKind::kNumeric}, false},
                      {"x", {.kind = TypeKind::kDouble}, false},
                      {"s", {.kind = TypeKind::kText}, false},
                      {"none", {.kind = TypeKind::kText}, false},
                      {"ts", {.kind = TypeKind::kTimestamptz}, false},
                      {"j", {.kind = TypeKind::kJsonb}, false}});

// One row: n=7, big=10000000000, price=12.50, x=0.5, s='Grüße', none=NULL, ts, j.
BatchPtr row() {
  auto batch = std::make_unique<Batch>();
  batch->arena = std::make_unique<Arena>();
  batch->rows = 1;
  for (const Field& field : kSchema.fields())
    batch->columns.push_back(Column::make(field.type, 1, *batch->arena));
  batch->columns[0].values<std::int32_t>()[0] = 7;
  batch->columns[1].values<std::int64_t>()[0] = 10'000'000'000;
  batch->columns[2].values<Numeric>()[0] = {1250, 2};
  batch->columns[3].values<double>()[0] = 0.5;
  batch->columns[4].values<std::string_view>()[0] = "Grüße";
  batch->columns[5].set_null(0);
  batch->columns[6].values<std::int64_t>()[0] = *parse_timestamp("2026-11-24T10:11:12.345Z");
  batch->columns[7].values<std::string_view>()[0] = R"({"a":{"b":[1,"two"]},"f":null})";
  batch->select_all();
  return batch;
}

std::string value_of(const std::string& text) {
  std::vector<SqlError> errors;
  const std::optional<Expression> expression =
      compile_expression(text, {&kSchema, "source \"t\""}, errors);
  if (!expression) return "error: " + errors.at(0).message;
  const BatchPtr batch = row();
  std::vector<RowError> failed;
  const Column column = evaluate(*expression, *batch, batch->selection, failed);
  if (!failed.empty()) return "fails: " + failed[0].message;
  if (column.is_null(0)) return "NULL";
  std::string out;
  append_text(out, column, 0);
  return out;
}

TEST_CASE("evaluate: an operator without its left side is refused", "[sql]") {
  CHECK(value_of("#> '{a}'") == "error: operator does not exist: #>");
  CHECK(value_of("#>> '{a}'") == "error: operator does not exist: #>>");
}

TEST_CASE("evaluate: a name that PostgreSQL's grammar would cut is refused", "[sql]") {
  const std::string longest(63, 'a');
  CHECK(value_of(longest) == "error: column \"" + longest + "\" does not exist in source \"t\"");
  for (const std::string& name :
       {longest + "b", "\"" + longest + "b\"", "s || '' || " + longest + "b"}) {
    CHECK(value_of(name) == "error: a name has at most 63 bytes, this one 64");
  }
  std::vector<SqlError> errors;
  CHECK(compile_schema("s text, " + longest + "b bigint", errors).size() == 0);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].offset == 8);
  CHECK(errors[0].length == 64);
}

TEST_CASE("evaluate: no text grows beyond its bound", "[sql]") {
  const std::string half = "repeat('x', 9000000)";
  const std::string too_long = "fails: the text would be longer than 16 MiB";
  CHECK(value_of(half + " || " + half) == too_long);
  CHECK(value_of("concat(" + half + ", 1, " + half + ")") == too_long);
  CHECK(value_of("concat_ws(" + half + ", 'a', 'b', 'c')") == too_long);
  CHECK(value_of("length(" + half + " || 'x')") == "9000001");
}

TEST_CASE("evaluate: the elements of a long array are walked once", "[sql]") {
  // A walk per element would take minutes.
  const std::string array = "('[' || repeat('1,', 1000000) || '\"k\"]')::jsonb";
  CHECK(value_of("jsonb_array_length(" + array + ")") == "1000001");
  CHECK(value_of(array + " ? 'k'") == "true");
}

// Expected values are PostgreSQL 15's.
TEST_CASE("evaluate: expressions give what PostgreSQL gives", "[sql]") {
  const std::pair<const char*, const char*> cases[] = {
      {"n + 1", "8"},
      {"n * big", "70000000000"},
      {"-n", "-7"},
      {"n / 2", "3"},
      {"-n / 2", "-3"},
      {"n % 4", "3"},
      {"-n % 4", "-3"},
      {"price * 2", "25.00"},
      {"price + 0.005", "12.505"},
      {"price / 4", "3.1250000000000000"},
      {"1.0 / 3", "0.33333333333333333333"},
      {"n + price", "19.50"},
      {"x + n", "7.5"},
      {"round(price)", "13"},
      {"round(2.345, 2)", "2.35"},
      {"abs(-n)", "7"},
      {"round(2.5::double precision)", "2"},
      {"a is null", "error: column \"a\" does not exist in source \"t\""},
      {"n = 7", "true"},
      {"n <> 7", "false"},
      {"n > 6.5", "true"},
      {"none = 'a'", "NULL"},
      {"none IS NULL", "true"},
      {"s IS NOT NULL", "true"},
      {"none = 'a' OR n = 7", "true"},
      {"none = 'a' AND n = 7", "NULL"},
      {"none = 'a' AND n = 8", "false"},
      {"NOT (none = 'a')", "NULL"},
      {"none IS DISTINCT FROM 'a'", "true"},
      {"none IS NOT DISTINCT FROM NULL", "true"},
      {"(n = 8) IS NOT TRUE", "true"},
      {"n IN (1, 7)", "true"},
      {"n NOT IN (1, 2)", "true"},
      {"n IN (1, NULL)", "NULL"},
      {"n BETWEEN 1 AND 7", "true"},
      {"n NOT BETWEEN 1 AND 7", "false"},
      {"s LIKE 'Gr__e'", "true"},
      {"s LIKE 'G%e'", "true"},
      {"s NOT LIKE '%x%'", "true"},
      {"s ILIKE 'grüSSe'", "false"},
      {"'a_b' LIKE 'a\\_b'", "true"},
      {"'axb' LIKE 'a\\_b'", "false"},
      {"length(s)", "5"},
      {"upper('abc')", "ABC"},
      {"lower('ABC')", "abc"},
      {"substr(s, 2, 3)", "rüß"},
      {"substr(s, 4)", "ße"},
      {"s || '!'", "Grüße!"},
      {"n::text || 'x'", "7x"},
      {"'12'::integer + 1", "13"},
      {"'12.5'::numeric(4,1)", "12.5"},
      {"12.345::numeric(4,1)", "12.3"},
      {"price::integer", "13"},
      {"x::bigint", "0"},
      {"coalesce(none, s)", "Grüße"},
      {"nullif(n, 7)", "NULL"},
      {"nullif(n, 8)", "7"},
      {"CASE WHEN n = 7 THEN 'seven' ELSE 'other' END", "seven"},
      {"CASE n WHEN 1 THEN 1 WHEN 7 THEN 2.5 END", "2.5"},
      {"CASE WHEN n = 8 THEN 1 / 0 END", "NULL"},
      {"n = 7 OR 1 / 0 = 1", "true"},
      {"1 / 0", "fails: division by zero"},
      {"2147483647 + n", "fails: integer out of range"},
      {"j -> 'a' ->> 'b'", "[1, \"two\"]"},
      {"j -> 'a' -> 'b' ->> 1", "two"},
      {"j -> 'a' -> 'b' ->> -2", "1"},
      {"j ->> 'f'", "NULL"},
      {"j -> 'f'", "null"},
      {"j ->> 'zz'", "NULL"},
      {"ts > '2026-11-24'", "true"},
      {"date_trunc('hour', ts)", "2026-11-24 10:00:00+00"},
      {"date_trunc('week', ts)", "2026-11-23 00:00:00+00"},
      {"extract(hour from ts)", "10"},
      {"extract(second from ts)", "12.345000"},
      {"extract(dow from ts)", "2"},
      {"extract(doy from ts)", "328"},
      {"ts", "2026-11-24 10:11:12.345+00"},
      {"9223372036854775807", "9223372036854775807"},
      {"-3", "-3"},
      {"1e3", "1000"},
      {"true AND NULL", "NULL"},
  };
  for (const auto& [text, expected] : cases) {
    INFO(text);
    CHECK(value_of(text) == expected);
  }
}

SqlError error_of(const std::string& text) {
  std::vector<SqlError> errors;
  CHECK_FALSE(compile_filter(text, {&kSchema, "source \"t\""}, errors));
  INFO(text.substr(0, 80));
  REQUIRE(errors.size() == 1);
  return errors[0];
}

TEST_CASE("compile: mistakes are named at their place", "[sql]") {
  CHECK(error_of("n > 1 AND pirce > 1").offset == 10);
  CHECK(error_of("n > 1 AND pirce > 1").length == 5);
  CHECK(error_of("s = \"abc\"").length == 5);
  CHECK(error_of("s + 1 > 2").message == "operator does not exist: text + integer");
  CHECK(error_of("n == 1").message == "operator does not exist: integer == integer");
  CHECK(error_of("n").message == "a filter must be boolean, and this is integer");
  CHECK(error_of("n = 1 AND s").message == "the argument of AND must be boolean, and this is text");
  CHECK(error_of("n = 'x'").message == "'x' is not a valid integer");
  CHECK(
      error_of("date '10000-01-01' IS NULL").message ==
      "'10000-01-01' is not a valid date; it would be like 2026-11-22, in the years 0001 to 9999");
  CHECK(error_of("n > ").message == "the text ends too early");
  CHECK(error_of("n > 1 FORM t").message == "syntax error at or near \"t\"");
  CHECK(error_of("n > 1; SELECT 2").code == Code::kSqlSyntax);
  CHECK(error_of("n > 1, s = 'a'").offset == 7);
  CHECK(error_of("n > 1 s").message ==
        "an expression without a name is wanted here, and this one is named \"s\"");
  CHECK(error_of("n::money = 1").code == Code::kUnknownType);
  CHECK(error_of("n = 1 AND n BETWEEN 1 AND nn").message ==
        "column \"nn\" does not exist in source \"t\"");
}

TEST_CASE("compile: hints say what to write instead", "[sql]") {
  const std::pair<const char*, const char*> cases[] = {
      {"pirce > 1", "did you mean \"price\" (numeric)?"},
      {"_ofset > 1", "did you mean \"_offset\" (bigint)?"},
      {"s = \"wonderful\"", "text goes in single quotes: 'wonderful'"},
      {"\"PRICE\" > 1", "did you mean \"price\" (numeric)? Capital letters need the double quotes"},
      {"uper(s) = 'A'", "did you mean \"upper\"?"},
      {"upper(n) = 'A'", "there is upper(text)"},
      {"if(n = 1, true, false)", "write CASE WHEN a THEN b ELSE c END"},
      {"ifnull(n, 1) = 1", "write coalesce(a, b)"},
      {"s::bigitn = 1", "did you mean \"bigint\"?"},
      {"s::time = s", "write text, or interval for the time since midnight"},
      {"n == 1", "= compares"},
      {"@n > 1", "columns have no @ in front; abs(a) is the absolute value"},
      {"n = 1 && n = 2", "AND and OR join conditions, not && and ||"},
      {"n = 1 || n = 2", "AND and OR join conditions, not && and ||"},
      {"(n = 1) && (n = 2)", "write AND"},
      {"ts > now()", "_timestamp is the record's own time"},
      {"t.n > 1", "for a field of jsonb write column ->> 'field'"},
      {"j -> n + 1 = '1'", "it binds looser than + and -, and there are no lambdas"},
      {"x -> x + 1", "-> takes a field out of jsonb; there are no lambdas"},
      {"n = ANY (ARRAY[1])", "write a IN (1, 2, 3)"},
      {"j['a'] = '1'", "write column -> 'field' or column -> 0"},
      {"n = $1", "write params.NAME"},
      {"n = params.limit", "the job has no `params:`"},
  };
  for (const auto& [text, hint] : cases) {
    INFO(text);
    CHECK(error_of(text).hint == hint);
  }
}

TEST_CASE("compile: what a stream cannot do is refused, whatever it parses as", "[sql]") {
  for (const char* text : {"n > 1 FROM t", "n > 1 WHERE true", "DISTINCT n > 1", "n > 1 GROUP BY n",
                           "n > 1 HAVING true", "n > 1 ORDER BY n", "n > 1 LIMIT 1",
                           "n > 1 OFFSET 1", "n > 1 UNION SELECT true", "n > 1 INTO t",
                           "n > 1 FROM a ASOF JOIN b ON true", "n > (SELECT 1)", "count(*) > 1",
                           "sum(n) > 1", "n::text = now()::text", "current_date IS NULL"}) {
    INFO(text);
    CHECK(error_of(text).code == Code::kSqlNotHere);
  }
}

TEST_CASE("compile: no depth and no length of a text brings it down", "[sql]") {
  const auto repeated = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  CHECK(error_of(repeated("n + ", 15'000) + "1 > 0").message ==
        "this is nested more than 500 levels deep");
  CHECK(error_of(repeated("NOT ", 4'000) + "true").message ==
        "this is nested more than 500 levels deep");
  CHECK(error_of(repeated("(", 20'000) + "true").code == Code::kSqlSyntax);
  CHECK(error_of(repeated("n + ", 20'000) + "1 > 0").message ==
        "this text has 80005 bytes, at most 65536 can be read");
  std::vector<SqlError> errors;
  CHECK(compile_filter(repeated("n = 1 OR ", 5'000) + "true", {&kSchema, "t"}, errors));
  CHECK(compile_filter(repeated("n + ", 400) + "1 > 0", {&kSchema, "t"}, errors));
}

TEST_CASE("compile: params are constants of their type", "[sql]") {
  const std::vector<SqlParam> params = {
      {"limit", compile_constant("60", {.kind = TypeKind::kBigint})},
      {"Name", compile_constant("x", {.kind = TypeKind::kText})},
      {"broken", std::nullopt}};
  const SqlScope scope{&kSchema, "source \"t\"", params};
  std::vector<SqlError> errors;
  const std::optional<Expression> sum = compile_expression("n + params.limit", scope, errors);
  REQUIRE(sum);
  CHECK(sum->type().kind == TypeKind::kBigint);
  CHECK(compile_filter("params.\"Name\" = s", scope, errors));
  CHECK_FALSE(compile_filter("params.limit = s", scope, errors));
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message == "operator does not exist: bigint = text");
  CHECK_FALSE(compile_filter("n > params.limti", scope, errors));
  REQUIRE(errors.size() == 2);
  CHECK(errors[1].message == "there is no parameter \"limti\"");
  CHECK(errors[1].hint == "did you mean \"limit\"?");
  CHECK(errors[1].code == Code::kUnknownParam);
  // What is wrong with its value was said where it is declared.
  CHECK_FALSE(compile_filter("n > params.broken", scope, errors));
  CHECK(errors.size() == 2);
}

TEST_CASE("compile_constant: reads what its type reads", "[sql]") {
  CHECK(compile_constant("12.345", {TypeKind::kNumeric, 4, 1}));
  CHECK_FALSE(compile_constant("12345", {TypeKind::kNumeric, 4, 1}));
  CHECK_FALSE(compile_constant("many", {.kind = TypeKind::kInteger}));
  CHECK_FALSE(compile_constant("{", {.kind = TypeKind::kJsonb}));
  CHECK(compile_constant("1e300", {.kind = TypeKind::kDouble}));
}

TEST_CASE("canonical: one meaning is one text, another is another", "[sql]") {
  const auto of = [](const std::string& text) {
    std::vector<SqlError> errors;
    const auto made = compile_expression(text, {&kSchema, "t"}, errors);
    REQUIRE(made);
    return made->canonical(kSchema);
  };
  CHECK(of("n  +  1 /* one */") == of("(n + 1)"));
  CHECK(of("n <> 1") == of("n != 1"));
  CHECK(of("n + 1") != of("n + 2"));
  CHECK(of("n + 1") != of("big + 1"));
  CHECK(of("n + 1") != of("n - 1"));
  CHECK(of("s = 'a'") != of("s = 'b'"));
  CHECK(of("1.0") != of("1.00"));
  CHECK(of("NULL::text") != of("''"));
  CHECK(of("n IS NULL") != of("NOT n IS NULL"));
}

TEST_CASE("compile_select: columns get their names, and need them", "[sql]") {
  std::vector<SqlError> errors;
  const auto targets = compile_select("n, upper(s) AS loud, *", {&kSchema, "source \"t\""}, errors);
  REQUIRE(errors.size() == 1);  // n is there twice
  CHECK(targets[1].name == "loud");
  errors.clear();
  compile_select("upper(s)", {&kSchema, "source \"t\""}, errors);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message == "this column has no name; give it one with AS");
  errors.clear();
  compile_select("_key, _offset AS at, n AS emit, s asof, j AS within", {&kSchema, "source \"t\""},
                 errors);
  REQUIRE(errors.size() == 4);
  CHECK(errors[0].hint == "metadata goes out under another name only, such as AS source_key");
  CHECK(errors[1].message == "\"emit\" cannot name a column");
  CHECK(errors[2].message == "\"asof\" cannot name a column");
}

TEST_CASE("compile_schema: reads columns and refuses what it does not keep", "[sql]") {
  std::vector<SqlError> errors;
  const Schema schema =
      compile_schema("id bigint NOT NULL, amount numeric(12,2), t timestamptz", errors);
  CHECK(errors.empty());
  REQUIRE(schema.size() == 3);
  CHECK(schema[0].not_null);
  CHECK(schema[1].type == Type{TypeKind::kNumeric, 12, 2});
  compile_schema("id money, b bigint PRIMARY KEY, c text, c text", errors);
  CHECK(errors.size() == 3);
  errors.clear();
  compile_schema("depDelay integer, \"arrDelay\" integer, _key text, t text COLLATE \"C\"", errors);
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].message == "SQL reads depDelay as \"depdelay\"");
  CHECK(errors[0].hint == "for a field with capital letters write \"depDelay\"");
  for (const char* text : {"a int) WITH (x=1", "a int) INHERITS (b", "a int); DROP TABLE (x", "",
                           "a int, CHECK (a > 1)", "LIKE t", "a int[]", "a t%TYPE"}) {
    errors.clear();
    INFO(text);
    compile_schema(text, errors);
    CHECK_FALSE(errors.empty());
  }
}

}  // namespace
}  // namespace weir
