#include "operators/stateless.h"

#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/render.h"
#include "operators/explode.h"
#include "operators/route.h"

namespace weir {
namespace {

// Rows of (n bigint, j jsonb); "" is NULL.
struct Row {
  std::optional<std::int64_t> n;
  std::string_view j;
};
const auto kSchema = std::make_shared<const Schema>(std::vector<Field>{
    {"n", {.kind = TypeKind::kBigint}, false}, {"j", {.kind = TypeKind::kJsonb}, false}});

BatchPtr batch_of(const std::vector<Row>& rows) {
  auto batch = std::make_unique<Batch>();
  batch->arena = std::make_shared<Arena>();
  batch->schema = kSchema;
  batch->rows = rows.size();
  batch->origin = std::make_shared<const Origin>(
      Origin{.source = {}, .split = "t/0", .topic = "t", .partition = 0, .id_prefix = "t:0:"});
  for (const Field& field : kSchema->fields()) {
    batch->columns.push_back(Column::make(field.type, batch->rows, *batch->arena));
  }
  for (RowIndex i = 0; i < rows.size(); ++i) {
    batch->columns[0].values<std::int64_t>()[i] = rows[i].n.value_or(0);
    batch->columns[1].values<std::string_view>()[i] = batch->arena->copy(rows[i].j);
    if (!rows[i].n) batch->columns[0].set_null(i);
    if (rows[i].j.empty()) batch->columns[1].set_null(i);
    Record record;
    record.offset = i;
    batch->records.push_back(record);
  }
  batch->select_all();
  return batch;
}

// What came out, as text: a row per line, its columns between commas, by port.
class Rows final : public Emitter {
 public:
  std::map<std::size_t, std::string> ports;
  std::vector<std::string> errors;
  std::vector<std::size_t> sizes;  // of the batches

  Result<> emit(BatchPtr batch, std::size_t port) override {
    sizes.push_back(batch->selection.size());
    for (const RowIndex row : batch->selection) {
      for (const Column& column : batch->columns) {
        if (!column.is_null(row)) append_text(ports[port], column, row);
        ports[port] += ',';
      }
      const Column id = batch->meta_column(MetaField::kId);
      ports[port] += std::string(id.values<std::string_view>()[row]) + "\n";
    }
    return {};
  }
  Result<> reject(const Batch& /*batch*/, RowError error) override {
    errors.push_back(std::to_string(error.row) + ": " + error.message);
    return {};
  }
};

Expression compiled(std::string_view text) {
  std::vector<SqlError> errors;
  auto made = compile_expression(text, SqlScope{kSchema.get(), "the test"}, errors);
  REQUIRE(made);
  return *made;
}

Rows through(Operator& step, BatchPtr batch) {
  Rows rows;
  REQUIRE(step.process(std::move(batch), {}, rows));
  return rows;
}

}  // namespace

TEST_CASE("filter: TRUE passes; FALSE and NULL do not; an error is rejected", "[operators]") {
  const auto filter = make_filter(compiled("10 / n > 4"));
  const Rows rows =
      through(*filter, batch_of({{1, {}}, {5, {}}, {std::nullopt, {}}, {0, {}}, {2, {}}}));
  CHECK(rows.ports.at(0) == "1,,t:0:0\n2,,t:0:4\n");
  CHECK(rows.errors == std::vector<std::string>{"3: division by zero"});
}

TEST_CASE("select: a row that failed for one target is not asked for the next", "[operators]") {
  std::vector<SelectTarget> targets{{"a", compiled("10 / n")}, {"b", compiled("20 / n")}};
  const auto output = std::make_shared<const Schema>(std::vector<Field>{
      {"a", {.kind = TypeKind::kBigint}, false}, {"b", {.kind = TypeKind::kBigint}, false}});
  const auto select = make_select(std::move(targets), output);
  const Rows rows = through(*select, batch_of({{0, {}}, {5, {}}}));
  CHECK(rows.ports.at(0) == "2,4,t:0:1\n");
  CHECK(rows.errors == std::vector<std::string>{"0: division by zero"});
}

TEST_CASE("route: each way stands alone, otherwise takes what none took", "[operators]") {
  const auto route = make_route({{.when = compiled("n > 1"), .otherwise = false},
                                 {.when = {}, .otherwise = true},
                                 {.when = compiled("n > 2"), .otherwise = false},
                                 {.when = {}, .otherwise = false}});
  const Rows rows = through(*route, batch_of({{1, {}}, {2, {}}, {3, {}}, {std::nullopt, {}}}));
  CHECK(rows.ports.at(0) == "2,,t:0:1\n3,,t:0:2\n");
  CHECK(rows.ports.at(1) == "1,,t:0:0\n,,t:0:3\n");
  CHECK(rows.ports.at(2) == "3,,t:0:2\n");
  CHECK(rows.ports.at(3) == "1,,t:0:0\n2,,t:0:1\n3,,t:0:2\n,,t:0:3\n");
  CHECK(rows.errors.empty());
}

TEST_CASE("route: a row on which conditions fail is rejected once and goes nowhere",
          "[operators]") {
  const auto route = make_route({{.when = compiled("10 / n > 1"), .otherwise = false},
                                 {.when = compiled("20 / n > 1"), .otherwise = false},
                                 {.when = {}, .otherwise = true}});
  const Rows rows = through(*route, batch_of({{0, {}}, {1, {}}, {30, {}}}));
  CHECK(rows.errors == std::vector<std::string>{"0: division by zero"});
  CHECK(rows.ports.at(0) == "1,,t:0:1\n");
  CHECK(rows.ports.at(2) == "30,,t:0:2\n");
}

TEST_CASE("explode: a row per element, with the columns there were and an _id of its own",
          "[operators]") {
  const auto output = std::make_shared<const Schema>(
      std::vector<Field>{(*kSchema)[0], (*kSchema)[1], {"e", {.kind = TypeKind::kJsonb}, true}});
  const auto explode = make_explode(compiled("j"), output);

  SECTION("NULL and empty arrays give none, other values are errors") {
    const Rows rows = through(*explode, batch_of({{1, R"([1,"a,]",{"b":[2]},null])"},
                                                  {2, "[]"},
                                                  {3, ""},
                                                  {4, "{}"},
                                                  {std::nullopt, "[[5]]"}}));
    const std::string before = R"(1,[1,"a,]",{"b":[2]},null],)";
    CHECK(rows.ports.at(0) == before + "1,t:0:0:0\n" + before + "\"a,]\",t:0:0:1\n" + before +
                                  "{\"b\":[2]},t:0:0:2\n" + before +
                                  "null,t:0:0:3\n,[[5]],[5],t:0:4:0\n");
    CHECK(rows.errors == std::vector<std::string>{"3: explode takes a jsonb array, not {}"});
  }
  SECTION("a long array comes in batches of the usual size") {
    std::string array = "[0";
    for (std::size_t i = 1; i < kBatchRowsMax + 5; ++i) array += "," + std::to_string(i);
    const Rows rows = through(*explode, batch_of({{1, array + "]"}}));
    CHECK(rows.sizes == std::vector<std::size_t>{kBatchRowsMax, 5});
  }
}

}  // namespace weir
