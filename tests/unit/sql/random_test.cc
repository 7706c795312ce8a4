#include <catch2/catch.hpp>

#include "sql/evaluator.h"
#include "sql/expression.h"

namespace weir {
namespace {

const Schema kSchema(std::vector<Field>{{"n", {.kind = TypeKind::kInteger}, false}});

std::vector<double> numbers(std::string_view select, std::size_t target, const char* prefix) {
  Batch batch;
  batch.arena = std::make_shared<Arena>();
  batch.rows = 1000;
  batch.origin = std::make_shared<const Origin>(
      Origin{.source = {}, .split = "t/0", .topic = "t", .partition = 0, .id_prefix = prefix});
  batch.columns.push_back(Column::make(kSchema[0].type, batch.rows, *batch.arena));
  for (std::size_t row = 0; row < batch.rows; ++row) {
    Record record;
    record.offset = static_cast<std::int64_t>(row);
    batch.records.push_back(record);
  }
  batch.select_all();
  std::vector<SqlError> mistakes;
  const auto targets = compile_select(select, SqlScope{&kSchema, "step \"s\""}, mistakes);
  REQUIRE(mistakes.empty());
  std::vector<RowError> errors;
  const Column column = evaluate(targets[target].expression, batch, batch.selection, errors);
  REQUIRE(errors.empty());
  const auto values = column.values<double>();
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("random(): the same in every replay, another in each row and place", "[sql]") {
  const char* const select = "random() AS a, random() AS b";
  const std::vector<double> a = numbers(select, 0, "t:0:");
  CHECK(a == numbers(select, 0, "t:0:"));
  CHECK(a != numbers(select, 1, "t:0:"));
  CHECK(a != numbers(select, 0, "t:1:"));
  double sum = 0;
  for (const double each : a) {
    CHECK((each >= 0 && each < 1));
    sum += each;
  }
  // Of 1,000 even ones the mean is 0.5 within 0.05, five times its deviation.
  CHECK(sum / 1000 == Approx(0.5).margin(0.05));
}

}  // namespace weir
