#include <catch2/catch.hpp>

#include "formats/decoder.h"
#include "formats/encoder.h"

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

struct Decoded {
  std::string json;
  std::string error;
};

// One record through the decoder and back through the encoder.
Decoded round_trip(std::string_view value, bool null = false) {
  auto decoder = make_decoder(Format::kJson, kPayment);
  REQUIRE(decoder);
  RecordBatch records;
  Record& record = records.records.emplace_back();
  record.value = records.arena->copy(value, kValuePadding);
  record.value_null = null;
  std::vector<RowError> errors;
  const BatchPtr batch = (*decoder)->decode(std::move(records), errors);
  if (!errors.empty()) {
    CHECK(batch->selection.empty());
    return {{}, errors[0].message};
  }
  auto encoder = make_encoder(Format::kJson, *kPayment);
  REQUIRE(encoder);
  Decoded decoded;
  REQUIRE((*encoder)->encode(*batch, 0, decoded.json));
  return decoded;
}

TEST_CASE("json: a record reads and writes back", "[formats]") {
  CHECK(
      round_trip(
          R"({"id":7,"amount":837.2,"status":"a\"bé","ts":"2026-11-22T12:40:00.5+02:00","meta":{"b":1,"a":[true,null]}})")
          .json ==
      R"({"id":7,"amount":837.20,"status":"a\"bé","ts":"2026-11-22T10:40:00.5Z","meta":{"a":[true,null],"b":1}})");
}

TEST_CASE(
    "json: missing fields and null are NULL, unknown fields are ignored, the last duplicate wins",
    "[formats]") {
  CHECK(round_trip(R"( { "x" : {"y":[1,2]}, "id":1, "id":2, "amount":null } )").json ==
        R"({"id":2,"amount":null,"status":null,"ts":null,"meta":null})");
}

TEST_CASE("json: what is not a record says why", "[formats]") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "not JSON"},
      {"[]", "not a JSON object"},
      {"17", "not a JSON object"},
      {R"({"id":1)", "not JSON"},
      {R"({"id":1} x)", "not JSON"},
      {R"({"id":1} {"id":2})", "not JSON"},
      {R"({"id":tru})", "not JSON"},
      {R"({"x":tru,"id":1})", "not JSON"},
      {R"({"id":01})", "not JSON"},
      {"{\"id\":1,\"status\":\"\xff\"}", "not JSON"},
      {R"({"status":"a"})", "column \"id\" is NOT NULL and the record has no such field"},
      {R"({"id":null})", "column \"id\" is NOT NULL and the record has null"},
      {R"({"id":"1"})", "column \"id\": \"1\" is not bigint"},
      {R"({"id":1.5})", "column \"id\": 1.5 is not bigint"},
      {R"({"id":9223372036854775808})", "is not bigint"},
      {R"({"id":1,"amount":12345678901.00})", "is not numeric(12,2)"},
      {R"({"id":1,"amount":"12x"})", "column \"amount\": \"12x\" is not numeric(12,2)"},
      {R"({"id":1,"status":5})", "column \"status\": 5 is not text"},
      {R"({"id":1,"ts":"2026-02-30T00:00:00Z"})", "is not timestamptz"},
  };
  for (const auto& [record, message] : cases) {
    INFO(record);
    CHECK_THAT(round_trip(record).error, Catch::Contains(std::string(message)));
  }
  CHECK(round_trip("", true).error == "the record has no value");
}

TEST_CASE("json: deep nesting is an error, not a crash", "[formats]") {
  const std::string deep =
      "{\"id\":1,\"meta\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  CHECK_FALSE(round_trip(deep).error.empty());
}

TEST_CASE("raw: writes exactly one column", "[formats]") {
  CHECK_FALSE(make_encoder(Format::kRaw, *kPayment));
  CHECK(make_encoder(Format::kRaw, Schema({{"value", {.kind = TypeKind::kBytea}, false}})));
  CHECK_FALSE(make_decoder(Format::kRaw, kPayment));
}

}  // namespace
}  // namespace weir
