#include <array>
#include <catch2/catch.hpp>

#include "base/random.h"
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
Decoded round_trip(std::string_view value, bool null = false,
                   const std::shared_ptr<const Schema>& schema = kPayment) {
  auto decoder = make_decoder(Format::kJson, schema);
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
  auto encoder = make_encoder(Format::kJson, *schema);
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

TEST_CASE("json: dates, times, spans, uuids and bytes are strings", "[formats]") {
  const auto schema = schema_of({{"s", {.kind = TypeKind::kSmallint}, false},
                                 {"r", {.kind = TypeKind::kReal}, false},
                                 {"day", {.kind = TypeKind::kDate}, false},
                                 {"at", {.kind = TypeKind::kTimestamp}, false},
                                 {"span", {.kind = TypeKind::kInterval}, false},
                                 {"bytes", {.kind = TypeKind::kBytea}, false},
                                 {"key", {.kind = TypeKind::kUuid}, false}});
  const auto json = [&](std::string_view value) { return round_trip(value, false, schema); };
  CHECK(
      json(
          R"({"s":-32768,"r":0.1,"day":"2024-02-29","at":"2026-11-22T10:40:00.5+02:00","span":"P1DT2H","bytes":"AP8=","key":"A0EEBC999C0B4EF8BB6D6BB9BD380A11"})")
          .json ==
      R"({"s":-32768,"r":0.1,"day":"2024-02-29","at":"2026-11-22T10:40:00.5","span":"1 day 02:00:00","bytes":"AP8=","key":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"})");
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"s":32768})", "32768 is not smallint"}, {R"({"s":"1"})", "is not smallint"},
      {R"({"r":1e39})", "1e39 is not real"},       {R"({"day":"2026-02-30"})", "is not date"},
      {R"({"day":20260222})", "is not date"},      {R"({"at":"today"})", "is not timestamp"},
      {R"({"span":"soon"})", "is not interval"},   {R"({"bytes":"\\x00"})", "is not bytea"},
      {R"({"key":"a0eebc99"})", "is not uuid"},
  };
  for (const auto& [record, message] : cases) {
    INFO(record);
    CHECK_THAT(json(record).error, Catch::Contains(std::string(message)));
  }
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

const std::shared_ptr<const Schema> kEveryType =
    schema_of({{"b", {.kind = TypeKind::kBoolean}, false},
               {"i", {.kind = TypeKind::kInteger}, false},
               {"l", {.kind = TypeKind::kBigint}, false},
               {"d", {.kind = TypeKind::kDouble}, false},
               {"n", {.kind = TypeKind::kNumeric}, false},
               {"p", {TypeKind::kNumeric, 9, 3}, false},
               {"t", {.kind = TypeKind::kText}, true},
               {"at", {.kind = TypeKind::kTimestamptz}, false},
               {"j", {.kind = TypeKind::kJsonb}, false}});

// A field's value: mostly of its type, sometimes of another one, missing or wrong.
std::string random_value(Random& random, std::size_t field) {
  constexpr std::array kBooleans = {"true", "false"};
  constexpr std::array kWhole = {"0",
                                 "-0",
                                 "-17",
                                 "12345678",
                                 "123456789",
                                 "2147483648",
                                 "-2147483648",
                                 "9223372036854775807",
                                 "-9223372036854775809"};
  constexpr std::array kDecimal = {"837.26", "-0.0",      "0.1",        "12345678.1234567",
                                   "1e3",    "-2.5E-300", "1e999",      "9007199254740993.5",
                                   "0.0005", "123456.7",  "999999.9995"};
  constexpr std::array kText = {
      "\"settled\"", "\"\"",        "\"a\\\"b\\n\"", "\"\\u00e9\"", "\"2026-11-22T10:40:00.000Z\"",
      "\"12.50\"",   "\"\xc3\xa9\""};
  constexpr std::array kTime = {"\"2026-11-22T10:40:00.000Z\"", "\"2026-02-30T00:00:00Z\"",
                                "\"2026-11-22 10:40:00+02\""};
  constexpr std::array kNested = {"{}", "[1, {\"b\":[], \"a\":1.0}]", "{\"z\":1,\"a\":\"x\"}"};
  const auto any = [&](const auto& of) { return std::string(of[random.below(of.size())]); };
  if (random.below(12) == 0) field = random.below(9);
  if (random.below(12) == 0) return "null";
  switch (field) {
    case 0:
      return any(kBooleans);
    case 1:
    case 2:
      return any(kWhole);
    case 3:
    case 4:
    case 5:
      return random.below(3) == 0 ? any(kWhole) : any(kDecimal);
    case 6:
      return any(kText);
    case 7:
      return any(kTime);
    default:
      return any(kNested);
  }
}

std::string random_record(Random& random) {
  std::string record = "{";
  for (std::size_t i = 0; i < kEveryType->size(); ++i) {
    const std::size_t field = random.below(20) == 0 ? random.below(9) : i;
    if (random.below(20) == 0) continue;
    if (record.size() > 1) record += ",";
    record += "\"" + (*kEveryType)[field].name + "\":" + random_value(random, field);
  }
  if (random.below(20) == 0) record.insert(random.below(record.size()), " ");
  if (random.below(20) != 0) record += "}";
  return record;
}

// The row of a record by this decoder as JSON, or its error.
std::string decoded_by(Decoder& decoder, Encoder& encoder, const std::string& value) {
  RecordBatch records;
  Record& record = records.records.emplace_back();
  record.value = records.arena->copy(value, kValuePadding);
  record.value_null = false;
  std::vector<RowError> errors;
  const BatchPtr batch = decoder.decode(std::move(records), errors);
  if (!errors.empty()) return errors[0].message;
  std::string out;
  const bool encoded = encoder.encode(*batch, 0, out).has_value();
  return encoded ? out : "not encoded";
}

TEST_CASE("json: a record is decoded alike, whatever its decoder has read before", "[property]") {
  SeededRandom random(3);
  auto encoder = make_encoder(Format::kJson, *kEveryType);
  REQUIRE(encoder);
  auto experienced = make_decoder(Format::kJson, kEveryType);
  REQUIRE(experienced);
  int rows = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string record = random_record(random);
    auto fresh = make_decoder(Format::kJson, kEveryType);
    REQUIRE(fresh);
    // A key with an escape is simdjson's to read, and so is the whole record.
    std::string slow = record;
    const std::size_t inside = record.find('{') + 1;
    slow.insert(inside, record.substr(inside, 1) == "}" ? R"("\u0078":0)" : R"("\u0078":0,)");
    INFO(record);
    const std::string by_simdjson = decoded_by(**fresh, **encoder, slow);
    const std::string by_shape = decoded_by(**experienced, **encoder, record);
    if (by_shape.starts_with("not JSON")) {
      REQUIRE(by_simdjson.starts_with("not JSON"));
      continue;
    }
    REQUIRE(by_shape == by_simdjson);
    rows += by_shape.starts_with('{') ? 1 : 0;
  }
  CHECK(rows > 2'000);
}

TEST_CASE("raw: writes exactly one column", "[formats]") {
  CHECK_FALSE(make_encoder(Format::kRaw, *kPayment));
  CHECK(make_encoder(Format::kRaw, Schema({{"value", {.kind = TypeKind::kBytea}, false}})));
  CHECK_FALSE(make_decoder(Format::kRaw, kPayment));
}

}  // namespace
}  // namespace weir
