#include <catch2/catch.hpp>

#include "formats/decoder.h"
#include "formats/framing.h"
#include "formats/lines.h"
#include "support/text_batch.h"

namespace weir {
namespace {

const auto kValue =
    std::make_shared<const Schema>(std::vector<Field>{{"value", {.kind = TypeKind::kText}, false}});

TEST_CASE("text: a record is one column of text", "[formats]") {
  auto decoder = make_decoder(Format::kText, kValue);
  REQUIRE(decoder);
  RecordBatch records;
  for (const char* value : {"a, \"b\"", "\xff", ""}) {
    records.records.emplace_back().value = records.arena->copy(value, kValuePadding);
  }
  records.records.emplace_back().value_null = true;
  std::vector<RowError> errors;
  const BatchPtr batch = (*decoder)->decode(std::move(records), errors);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].row == 1);
  CHECK(batch->selection == std::vector<RowIndex>{0, 2, 3});
  CHECK(test::text_of(*batch, 0) == "a, \"b\"");
  CHECK(test::text_of(*batch, 2).empty());
  CHECK(test::text_of(*batch, 3) == "NULL");
}

TEST_CASE("text: other columns than value text are refused", "[formats]") {
  const auto schema = [](std::vector<Field> fields) {
    return std::make_shared<const Schema>(std::move(fields));
  };
  CHECK(make_decoder(Format::kText, schema({})));
  CHECK_FALSE(make_decoder(Format::kText, schema({{"line", {.kind = TypeKind::kText}, false}})));
  CHECK_FALSE(make_decoder(Format::kText, schema({{"value", {.kind = TypeKind::kBytea}, false}})));
  CHECK_FALSE(make_encoder(Format::kText, Schema{}));
  // Any type has a text.
  CHECK(make_encoder(Format::kText, Schema({{"n", {.kind = TypeKind::kBigint}, false}})));
}

TEST_CASE("generated: i is the record's number", "[formats]") {
  const auto schema =
      std::make_shared<const Schema>(std::vector<Field>{{"i", {.kind = TypeKind::kBigint}, false}});
  auto decoder = make_decoder(Format::kGenerated, schema);
  REQUIRE(decoder);
  RecordBatch records;
  records.records.emplace_back().offset = 7;
  records.records.emplace_back().offset = 8;
  std::vector<RowError> errors;
  const BatchPtr batch = (*decoder)->decode(std::move(records), errors);
  CHECK(batch->columns[0].values<std::int64_t>()[1] == 8);
  CHECK_FALSE(make_decoder(Format::kGenerated, kValue));
  CHECK_FALSE(make_encoder(Format::kGenerated, *schema));
}

TEST_CASE("lines: a row that is not one line is an error, in csv it is quoted", "[formats]") {
  Batch batch = test::text_batch({"a", "b\nc", "d"});
  batch.columns[0].set_null(2);
  std::vector<std::string> rows;
  std::vector<RowError> errors;
  for (const Format format : {Format::kText, Format::kRaw}) {
    rows.clear();
    errors.clear();
    LineWriter(format, *make_encoder(format, *kValue), *kValue, {}).render(batch, rows, errors);
    CHECK(rows == std::vector<std::string>{"a"});
    REQUIRE(errors.size() == 2);
    CHECK(errors[0].row == 1);
    CHECK(errors[1].row == 2);
  }
  rows.clear();
  errors.clear();
  const LineWriter csv(Format::kCsv, *make_encoder(Format::kCsv, *kValue), *kValue, {});
  csv.render(batch, rows, errors);
  CHECK(errors.empty());
  CHECK(rows == std::vector<std::string>{"a", "\"b\nc\"", ""});
  CHECK(csv.header() == "value\n");
  CHECK(csv.extension() == ".csv");
}

TEST_CASE("framing: lines end in LF or CRLF", "[formats]") {
  const Framing lines = framing_of(Format::kText, {});
  CHECK(find_row_end("a\"\nb", lines).bytes == 3);
  CHECK(find_row_end("a", lines).bytes == 0);
  CHECK(without_newline("a\r\n") == "a");
  CHECK(without_newline("\n").empty());
  CHECK(without_newline("a") == "a");
  CHECK(is_blank(" \t\r\n"));
  CHECK_FALSE(is_blank(" x"));
  CHECK(framing_of(Format::kJson, {}).skip_blank);
}

}  // namespace
}  // namespace weir
