#include <catch2/catch.hpp>
#include <random>

#include "data/render.h"
#include "formats/decoder.h"
#include "formats/encoder.h"
#include "formats/framing.h"
#include "formats/lines.h"

namespace weir {
namespace {

std::shared_ptr<const Schema> schema_of(std::vector<Field> fields) {
  return std::make_shared<Schema>(std::move(fields));
}

const std::shared_ptr<const Schema> kPayment =
    schema_of({{"id", {.kind = TypeKind::kBigint}, true},
               {"amount", {TypeKind::kNumeric, 12, 2}, false},
               {"status", {.kind = TypeKind::kText}, false},
               {"ts", {.kind = TypeKind::kTimestamptz}, false},
               {"meta", {.kind = TypeKind::kJsonb}, false}});

// Records of one file, in the order given.
class Rows {
 public:
  explicit Rows(std::optional<std::string> header) : header_(std::move(header)) {}

  Rows& add(std::string_view row) {
    Record& record = batch_.records.emplace_back();
    record.value = batch_.arena->copy(row, kValuePadding);
    if (header_) {
      const auto headers = batch_.arena->array<RecordHeader>(1);
      headers[0] = {kCsvHeader, batch_.arena->copy(*header_)};
      record.headers = headers;
    }
    return *this;
  }
  RecordBatch take() { return std::move(batch_); }

 private:
  const std::optional<std::string> header_;
  RecordBatch batch_;
};

struct Decoded {
  BatchPtr batch;
  std::vector<RowError> errors;
  std::string text(std::size_t column, RowIndex row) const {
    if (batch->columns[column].is_null(row)) return "NULL";
    std::string out;
    append_text(out, batch->columns[column], row);
    return out;
  }
};

Decoded decode(RecordBatch records, const std::shared_ptr<const Schema>& schema,
               const CsvOptions& options = {}) {
  auto decoder = make_decoder(Format::kCsv, schema, {.csv = options, .framed = true});
  REQUIRE(decoder);
  Decoded decoded;
  decoded.batch = (*decoder)->decode(std::move(records), decoded.errors);
  return decoded;
}

std::string error_of(const std::string& header, std::string_view row) {
  const Decoded decoded = decode(Rows(header).add(row).take(), kPayment);
  REQUIRE(decoded.errors.size() == 1);
  CHECK(decoded.batch->selection.empty());
  return decoded.errors[0].message;
}

TEST_CASE("csv: columns are found by name, in any order; others are ignored, missing ones NULL",
          "[formats]") {
  const Decoded decoded = decode(
      Rows("x,status,id,amount").add("17,settled,1,837.2").add("18,\"a,\"\"b\"\"\nc\",2,").take(),
      kPayment);
  REQUIRE(decoded.errors.empty());
  REQUIRE(decoded.batch->selection == std::vector<RowIndex>{0, 1});
  CHECK(decoded.text(0, 0) == "1");
  CHECK(decoded.text(1, 0) == "837.20");
  CHECK(decoded.text(2, 0) == "settled");
  CHECK(decoded.text(3, 0) == "NULL");
  CHECK(decoded.text(2, 1) == "a,\"b\"\nc");
  CHECK(decoded.text(1, 1) == "NULL");
}

TEST_CASE("csv: empty is NULL, and in quotes the empty text; null: changes the first",
          "[formats]") {
  const auto schema = schema_of({{"a", {}, false}, {"b", {}, false}});
  Decoded decoded = decode(Rows("a,b").add(",\"\"").add("NA,\"NA\"").take(), schema);
  CHECK(decoded.text(0, 0) == "NULL");
  CHECK(decoded.text(1, 0).empty());
  CHECK(decoded.text(0, 1) == "NA");
  decoded = decode(Rows("a,b").add(",\"\"").add("NA,\"NA\"").take(), schema, {.null_text = "NA"});
  CHECK(decoded.text(0, 0).empty());
  CHECK(decoded.text(0, 1) == "NULL");
  CHECK(decoded.text(1, 1) == "NA");
}

TEST_CASE("csv: without a header columns stand where the options say", "[formats]") {
  const auto schema = schema_of({{"b", {}, false}});
  const CsvOptions options{.delimiter = '\t', .header = false, .columns = {"a", "b", "c"}};
  const Decoded decoded = decode(Rows({}).add("1\t2,5\t3").add("1\t2").take(), schema, options);
  CHECK(decoded.text(0, 0) == "2,5");
  REQUIRE(decoded.errors.size() == 1);
  CHECK(decoded.errors[0].message == "2 fields where there are 3 columns in the schema");
}

TEST_CASE("csv: each type is read from its text", "[formats]") {
  const auto schema = schema_of({{"boolean", {.kind = TypeKind::kBoolean}, false},
                                 {"integer", {.kind = TypeKind::kInteger}, false},
                                 {"double", {.kind = TypeKind::kDouble}, false},
                                 {"bytea", {.kind = TypeKind::kBytea}, false},
                                 {"jsonb", {.kind = TypeKind::kJsonb}, false},
                                 {"ts", {.kind = TypeKind::kTimestamptz}, false}});
  const std::string header = "boolean,integer,double,bytea,jsonb,ts";
  const Decoded decoded =
      decode(Rows(header)
                 .add("TRUE,-7,1e3,\\x00fF,\"{\"\"b\"\":1, \"\"a\"\":\"\"x\"\"}\",2013-01-01")
                 .add("f,2147483647,-Infinity,\\x,null,2013-01-01 10:00:00+02")
                 .take(),
             schema);
  REQUIRE(decoded.errors.empty());
  const char* first[] = {
      "true", "-7", "1000", "\\x00ff", R"({"a":"x","b":1})", "2013-01-01 00:00:00+00"};
  const char* second[] = {"false", "2147483647", "-Infinity",
                          "\\x",   "null",       "2013-01-01 08:00:00+00"};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(decoded.text(i, 0) == first[i]);
    CHECK(decoded.text(i, 1) == second[i]);
  }
  for (const char* bad :
       {"yes,,,,,", ",2147483648,,,,", ",1.0,,,,", ", 1,,,,", ",,1e400,,,", ",,0x10,,,",
        ",,,\\x0,,", ",,,\\xgg,,", ",,,ab,,", ",,,,{,", ",,,,,13:00"}) {
    INFO(bad);
    CHECK(decode(Rows(header).add(bad).take(), schema).errors.size() == 1);
  }
}

TEST_CASE("csv: dates, times, spans and uuids are read and written as text", "[formats]") {
  const auto schema = schema_of({{"s", {.kind = TypeKind::kSmallint}, false},
                                 {"r", {.kind = TypeKind::kReal}, false},
                                 {"day", {.kind = TypeKind::kDate}, false},
                                 {"at", {.kind = TypeKind::kTimestamp}, false},
                                 {"span", {.kind = TypeKind::kInterval}, false},
                                 {"key", {.kind = TypeKind::kUuid}, false}});
  const std::string header = "s,r,day,at,span,key";
  const Decoded decoded = decode(Rows(header)
                                     .add("-1,1e6,2024-02-29,2026-11-22T10:40:00,1 day 02:00:00,"
                                          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
                                     .take(),
                                 schema);
  REQUIRE(decoded.errors.empty());
  const char* texts[] = {"-1",
                         "1e+06",
                         "2024-02-29",
                         "2026-11-22 10:40:00",
                         "1 day 02:00:00",
                         "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"};
  for (std::size_t i = 0; i < 6; ++i) CHECK(decoded.text(i, 0) == texts[i]);
  for (const char* bad :
       {"32768,,,,,", ",1e39,,,,", ",,2026-02-30,,,", ",,,13:00,,", ",,,,soon,", ",,,,,a0ee"}) {
    INFO(bad);
    CHECK(decode(Rows(header).add(bad).take(), schema).errors.size() == 1);
  }
}

TEST_CASE("csv: what is not a row says why", "[formats]") {
  const std::string header = "id,amount,status";
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"1,2", "2 fields where there are 3 in the header"},
      {"1,2,3,4", "4 fields where there are 3 in the header"},
      {"x,2,3", "column \"id\": \"x\" is not bigint"},
      {"\"\",2,3", "column \"id\": \"\" is not bigint"},
      {",2,3", "column \"id\" is NOT NULL and the row has NULL"},
      {"1,12345678901.00,3", "column \"amount\": \"12345678901.00\" is not numeric(12,2)"},
      {"1,2,\xff", "column \"status\": \"\xff\" is not UTF-8"},
      {"1,\"2,3", "field 2: the quote that opens it is not closed"},
      {"1,\"2\"x,3", "field 2: text follows its closing quote"},
      {"1,2,3\n4,5,6", "the record has more than one row"},
  };
  for (const auto& [row, message] : cases) {
    INFO(row);
    CHECK(error_of(header, row) == message);
  }
  CHECK(error_of("amount,status", "1,2") ==
        "column \"id\" is NOT NULL and the file has no such column");
  CHECK(error_of("id,id", "1,2") == "the header names column \"id\" twice");
  CHECK(error_of("id,\"amount", "1,2") ==
        "the header, field 2: the quote that opens it is not closed");
  const Decoded without = decode(Rows({}).add("1,2,3").take(), kPayment);
  REQUIRE(without.errors.size() == 1);
  CHECK_THAT(without.errors[0].message, Catch::Contains("no header line"));
}

TEST_CASE("csv: a record that its source could not give whole is an error with its reason",
          "[formats]") {
  RecordBatch records = Rows("id").add("1").add("2").add("x").take();
  for (const RowIndex row : {1U, 2U}) {
    const auto headers = records.arena->array<RecordHeader>(2);
    headers[0] = records.records[row].headers[0];
    headers[1] = {kUnreadable, "line 3 is larger than 16MiB"};
    records.records[row].headers = headers;
  }
  const Decoded decoded = decode(std::move(records), kPayment);
  CHECK(decoded.batch->selection == std::vector<RowIndex>{0});
  REQUIRE(decoded.errors.size() == 2);
  CHECK(decoded.errors[1].row == 2);
  CHECK(decoded.errors[1].message == "line 3 is larger than 16MiB");
}

TEST_CASE("csv: files of one worker may have different headers", "[formats]") {
  auto decoder = make_decoder(Format::kCsv, schema_of({{"a", {}, false}}));
  REQUIRE(decoder);
  for (int i = 0; i < 3; ++i) {
    for (const auto& [header, value] : {std::pair{"a,b", "1"}, std::pair{"b,a", "2"}}) {
      std::vector<RowError> errors;
      const Decoded decoded{(*decoder)->decode(Rows(header).add("1,2").take(), errors), {}};
      CHECK(decoded.text(0, 0) == value);
    }
  }
}

TEST_CASE("csv: an empty line is a row only where there is one column", "[formats]") {
  const Decoded two = decode(Rows("id,status").add("").add("1,").take(), kPayment);
  CHECK(two.errors.empty());
  CHECK(two.batch->selection == std::vector<RowIndex>{1});
  const Decoded one = decode(Rows("status").add("").take(), schema_of({{"status", {}, false}}));
  CHECK(one.batch->selection == std::vector<RowIndex>{0});
  CHECK(one.text(0, 0) == "NULL");
}

TEST_CASE("csv: delimiters and texts for NULL that could not be read back are refused",
          "[formats]") {
  for (const char bad : {'"', '\n', '\r', '\0'}) {
    CHECK_FALSE(make_decoder(Format::kCsv, kPayment, {.csv = {.delimiter = bad}, .framed = false}));
  }
  for (const char* bad : {"a,b", "\"", "\n"}) {
    CHECK_FALSE(
        make_encoder(Format::kCsv, *kPayment, {.csv = {.null_text = bad}, .framed = false}));
  }
}

Batch batch_of(const std::vector<std::vector<std::optional<std::string>>>& rows,
               const std::shared_ptr<const Schema>& schema) {
  Batch batch;
  batch.arena = std::make_unique<Arena>();
  batch.schema = schema;
  batch.rows = rows.size();
  batch.records.resize(rows.size());
  for (std::size_t i = 0; i < schema->size(); ++i) {
    Column column = Column::make((*schema)[i].type, rows.size(), *batch.arena);
    for (RowIndex row = 0; row < rows.size(); ++row) {
      if (rows[row][i]) {
        column.values<std::string_view>()[row] = batch.arena->copy(*rows[row][i]);
      } else {
        column.set_null(row);
      }
    }
    batch.columns.push_back(column);
  }
  batch.select_all();
  return batch;
}

TEST_CASE("csv: whatever is written is framed and read back as it was", "[formats]") {
  std::mt19937 random(20'261'122);  // NOLINT: the same texts in every run
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  const std::string_view alphabet[] = {"\"", ",", "\n", "\r", "\r\n", " ", "a",
                                       "NA", "é", ";",  "\t", "\\x",  "0", "\xef\xbb\xbf"};
  for (int round = 0; round < 400; ++round) {
    const CsvOptions options{.delimiter = ",;\t"[below(3)], .null_text = below(2) == 0 ? "" : "NA"};
    const FormatOptions format{.csv = options, .framed = true};
    std::vector<Field> fields;
    for (std::size_t i = 0, columns = 1 + below(3); i < columns; ++i) {
      fields.push_back({"c\n\"" + std::to_string(i), {}, false});
    }
    const auto schema = schema_of(fields);
    std::vector<std::vector<std::optional<std::string>>> rows(1 + below(6));
    for (auto& row : rows) {
      for (std::size_t i = 0; i < schema->size(); ++i) {
        auto& text = row.emplace_back();
        if (below(5) == 0) continue;
        text.emplace();
        for (std::size_t k = below(6); k > 0; --k) *text += alphabet[below(std::size(alphabet))];
      }
    }

    const std::shared_ptr<const Encoder> encoder = *make_encoder(Format::kCsv, *schema, format);
    const LineWriter writer(Format::kCsv, encoder, *schema, format);
    std::vector<std::string> lines;
    std::vector<RowError> errors;
    writer.render(batch_of(rows, schema), lines, errors);
    REQUIRE(errors.empty());
    std::string file = writer.header();
    for (const std::string& line : lines) file += line + "\n";

    const Framing framing = framing_of(Format::kCsv, options);
    std::vector<std::string> framed;
    for (std::string_view rest = file; !rest.empty();) {
      const RowEnd end = find_row_end(rest, framing);
      REQUIRE(end.bytes > 0);
      // The end is found only when it is there.
      REQUIRE(find_row_end(rest.substr(0, end.bytes - 1 - below(end.bytes)), framing).bytes == 0);
      framed.emplace_back(without_newline(rest.substr(0, end.bytes)));
      rest.remove_prefix(end.bytes);
    }
    REQUIRE(framed.size() == rows.size() + 1);

    Rows records(framed[0]);
    for (std::size_t i = 1; i < framed.size(); ++i) records.add(framed[i]);
    const Decoded decoded = decode(records.take(), schema, options);
    REQUIRE(decoded.errors.empty());
    REQUIRE(decoded.batch->selection.size() == rows.size());
    for (RowIndex row = 0; row < rows.size(); ++row) {
      for (std::size_t i = 0; i < schema->size(); ++i) {
        INFO(file);
        const Column& column = decoded.batch->columns[i];
        REQUIRE(column.is_null(row) == !rows[row][i].has_value());
        if (rows[row][i]) REQUIRE(column.values<std::string_view>()[row] == *rows[row][i]);
      }
    }
  }
}

TEST_CASE("csv: a mistake ends with its row, unless its quote stays open", "[formats]") {
  const Framing framing = framing_of(Format::kCsv, {});
  CHECK(find_row_end("a,\"b\"c,d\n1,2,3\n", framing).bytes == 9);
  CHECK(find_row_end("a,b\"c,d\n1,2,3\n", framing).bytes == 8);
  CHECK(find_row_end("a\r\nb\n", framing).bytes == 3);
  const RowEnd open = find_row_end("a,\"b\n1,2\n", framing);
  CHECK(open.bytes == 0);
  CHECK(open.in_quotes);
  CHECK_FALSE(find_row_end("a,\"b\"", framing).in_quotes);
}

TEST_CASE("csv: of any bytes, framing and decoding find the same rows", "[formats]") {
  std::mt19937 random(77);  // NOLINT: the same bytes in every run
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  const auto schema = schema_of({{"a", {}, false}, {"b", {.kind = TypeKind::kBigint}, false}});
  const CsvOptions options{.header = false, .columns = {"a", "b"}};
  const Framing framing = framing_of(Format::kCsv, options);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t i = below(60); i > 0; --i) text += "\"\",,\n\r\n1a\xff\0"[below(12)];
    Rows rows({});
    std::size_t framed = 0;
    for (std::string_view rest = text; !rest.empty();) {
      const RowEnd end = find_row_end(rest, framing);
      const std::size_t bytes = end.bytes == 0 ? rest.size() : end.bytes;
      REQUIRE(bytes <= rest.size());
      rows.add(without_newline(rest.substr(0, bytes)));
      rest.remove_prefix(bytes);
      ++framed;
    }
    const Decoded decoded = decode(rows.take(), schema, options);
    REQUIRE(decoded.batch->rows == framed);
    for (const RowError& error : decoded.errors) {
      CHECK(error.message != "the record has more than one row");
      CHECK_FALSE(error.message.empty());
    }
  }
}

}  // namespace
}  // namespace weir
