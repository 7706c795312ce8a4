#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "data/render.h"
#include "sql/evaluator.h"
#include "sql/expression.h"

namespace weir {
namespace {

const Schema kSchema({{"n", {.kind = TypeKind::kInteger}, false},
                      {"m", {.kind = TypeKind::kInteger}, false},
                      {"x", {.kind = TypeKind::kDouble}, false},
                      {"p", {.kind = TypeKind::kNumeric}, false},
                      {"s", {.kind = TypeKind::kText}, false},
                      {"b", {.kind = TypeKind::kBoolean}, false}});

constexpr std::array<std::string_view, 12> kTexts = {"",
                                                     "a",
                                                     "ab",
                                                     "abc",
                                                     "abcd",
                                                     "settled",
                                                     "settle",
                                                     "abcdefgh",
                                                     "abcdefghi",
                                                     "a text of sixteen",
                                                     "a text longer than two words",
                                                     "a text longer than two word_"};

// Small values, so that rows meet each other and 0; every fourth is NULL when `nulls`.
void fill(Batch& batch, Random& random, bool nulls) {
  const auto small = [&] { return static_cast<int>(random.below(5)) - 1; };
  for (RowIndex row = 0; row < batch.rows; ++row) {
    batch.columns[0].values<std::int32_t>()[row] = small();
    batch.columns[1].values<std::int32_t>()[row] = small();
    batch.columns[2].values<double>()[row] = small() / 2.0;
    batch.columns[3].values<Numeric>()[row] = {small(), static_cast<int>(random.below(2))};
    batch.columns[4].values<std::string_view>()[row] = kTexts[random.below(kTexts.size())];
    batch.columns[5].values<std::uint8_t>()[row] = static_cast<std::uint8_t>(random.below(2));
    for (Column& column : batch.columns) {
      if (nulls && random.below(4) == 0) column.set_null(row);
    }
  }
}

BatchPtr make_batch(std::size_t rows) {
  auto batch = std::make_unique<Batch>();
  batch->arena = std::make_unique<Arena>();
  batch->rows = rows;
  for (const Field& field : kSchema.fields()) {
    batch->columns.push_back(Column::make(field.type, rows, *batch->arena));
  }
  batch->select_all();
  return batch;
}

BatchPtr one_row_of(const Batch& batch, RowIndex row) {
  BatchPtr one = make_batch(1);
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    if (batch.columns[i].is_null(row)) one->columns[i].set_null(0);
    for_type(kSchema[i].type.kind, [&]<class T>(std::type_identity<T>) {
      one->columns[i].values<T>()[0] = batch.columns[i].values<T>()[row];
    });
  }
  return one;
}

std::string shown(const Column& column, RowIndex row) {
  if (column.is_null(row)) return "NULL";
  std::string out;
  append_text(out, column, row);
  return out;
}

std::map<RowIndex, std::string> by_row(const std::vector<RowError>& errors) {
  std::map<RowIndex, std::string> rows;
  for (const RowError& error : errors) CHECK(rows.emplace(error.row, error.message).second);
  return rows;
}

const std::vector<std::string> kConditions = {
    "n < 2",
    "s = 'settled'",
    "s = 'abcdefgh' OR s = 'a text longer than two words'",
    "b",
    "n = m AND b",
    "b OR n > m",
    "b AND n / m = 1",
    "n / m = 1 AND b",
    "b OR n / m = 1",
    "n / m = 1 OR b OR x > 0.5",
    "NOT (b AND n < 1)",
    "(b OR n = 1) AND (s < 'abc' OR m = 2)",
    "n = 1 / 0 AND b",
    "b AND n = 1 / 0",
    "n = NULL OR b",
    "NULL AND b",
    "1 < 2 AND b",
    "1 / 0 = 1",
    "x = 0.5 AND p >= 0.1",
    "n IS DISTINCT FROM m",
    "n IN (1, 2, NULL)",
    "CASE WHEN b THEN n = 1 ELSE 1 / n = 1 END",
    "s LIKE 'a%' AND length(s) > 2",
    "coalesce(b, n = 1, false)"};
const std::vector<std::string> kValues = {"n * 2 + 1",
                                          "x * 1.25 + 2",
                                          "n / m",
                                          "1 / 0",
                                          "2147483647 + n",
                                          "p * 2 - 0.5",
                                          "CASE WHEN b THEN 'yes' WHEN n = 1 THEN s END",
                                          "CASE WHEN n > 0 THEN 1 / n ELSE 0 END",
                                          "coalesce(s, 'none')",
                                          "coalesce(n, m, 1 / 0)",
                                          "nullif(n, 1)",
                                          "greatest(n, m, 1)",
                                          "concat(s, '-', n)",
                                          "s || '!'",
                                          "'a' || 'b'",
                                          "NULL::integer + n",
                                          "upper('abc')",
                                          "p::numeric(3,1)",
                                          "1.25::numeric(3,1) + p",
                                          "abs(-2) + n",
                                          "least(x, 0.5)"};

TEST_CASE("evaluate: a batch gives what each of its rows gives alone", "[sql][property]") {
  SeededRandom random(9);
  std::vector<std::string> all = kConditions;
  all.insert(all.end(), kValues.begin(), kValues.end());
  for (const std::string& text : all) {
    INFO(text);
    std::vector<SqlError> mistakes;
    const auto expression = compile_expression(text, {&kSchema, "t"}, mistakes);
    REQUIRE(expression.has_value());
    for (const bool nulls : {false, true}) {
      const BatchPtr batch = make_batch(150);
      fill(*batch, random, nulls);
      std::erase_if(batch->selection, [&](RowIndex) { return random.below(4) == 0; });
      std::vector<RowError> failed;
      const Column column = evaluate(*expression, *batch, batch->selection, failed);
      const std::map<RowIndex, std::string> errors = by_row(failed);
      REQUIRE(column.rows() == batch->rows);
      for (const RowIndex row : batch->selection) {
        const BatchPtr one = one_row_of(*batch, row);
        std::vector<RowError> error;
        const Column alone = evaluate(*expression, *one, one->selection, error);
        INFO("row " << row);
        REQUIRE(errors.contains(row) == !error.empty());
        if (error.empty()) {
          REQUIRE(shown(column, row) == shown(alone, 0));
        } else {
          REQUIRE(errors.at(row) == error[0].message);
        }
      }
    }
  }
}

TEST_CASE("apply_filter: leaves the rows that evaluate says TRUE for, with its errors",
          "[sql][property]") {
  SeededRandom random(10);
  for (const std::string& text : kConditions) {
    INFO(text);
    std::vector<SqlError> mistakes;
    const auto condition = compile_filter(text, {&kSchema, "t"}, mistakes);
    REQUIRE(condition.has_value());
    for (const bool nulls : {false, true}) {
      const BatchPtr batch = make_batch(150);
      fill(*batch, random, nulls);
      std::erase_if(batch->selection, [&](RowIndex) { return random.below(4) == 0; });
      std::vector<RowError> failed;
      const Column column = evaluate(*condition, *batch, batch->selection, failed);
      const std::map<RowIndex, std::string> errors = by_row(failed);
      std::vector<RowIndex> expected = batch->selection;
      std::erase_if(expected, [&](RowIndex row) {
        return errors.contains(row) || shown(column, row) != "true";
      });
      std::vector<RowError> left_out;
      apply_filter(*condition, *batch, left_out);
      REQUIRE(batch->selection == expected);
      REQUIRE(by_row(left_out) == errors);
    }
  }
}

TEST_CASE("evaluate: constants that fail do so only for rows that are asked", "[sql]") {
  std::vector<SqlError> mistakes;
  const auto expression = compile_expression("1 / 0", {&kSchema, "t"}, mistakes);
  REQUIRE(expression.has_value());
  const BatchPtr batch = make_batch(100);
  batch->selection = {3, 70};
  std::vector<RowError> failed;
  evaluate(*expression, *batch, batch->selection, failed);
  REQUIRE(failed.size() == 2);
  CHECK(failed[0].row == 3);
  CHECK(failed[1].row == 70);
  failed.clear();
  evaluate(*expression, *batch, {}, failed);
  CHECK(failed.empty());
}

}  // namespace
}  // namespace weir
