#include "data/render.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "base/random.h"

namespace weir {
namespace {

std::string rfc3339(std::int64_t us) {
  std::string out;
  append_rfc3339(out, us);
  return out;
}
std::string number(double value) {
  std::string out;
  append_double(out, value);
  return out;
}
std::string again(std::string_view text) {
  const std::optional<std::int64_t> us = parse_timestamp(text);
  return us ? rfc3339(*us) : "nothing";
}
template <class T>
std::string text_of(TypeKind kind, T value) {
  Arena arena;
  const Column column = Column::make(Type{.kind = kind}, 1, arena);
  column.values<T>()[0] = value;
  std::string out;
  append_text(out, column, 0);
  return out;
}

TEST_CASE("parse_timestamp: reads ISO 8601 with its variants") {
  CHECK(parse_timestamp("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_timestamp("2026-11-22T10:40:00.000Z") == 1795344000000000);
  CHECK(again("2026-11-22T10:40:00.000Z") == "2026-11-22T10:40:00Z");
  CHECK(again("2026-11-22 10:40:00.25Z") == "2026-11-22T10:40:00.25Z");
  CHECK(again("2026-11-22T10:40:00") == "2026-11-22T10:40:00Z");
  CHECK(again("2026-11-22T10:40Z") == "2026-11-22T10:40:00Z");
  CHECK(again("2026-11-22") == "2026-11-22T00:00:00Z");
  CHECK(again("2026-11-22T10:40:00+02:00") == "2026-11-22T08:40:00Z");
  CHECK(again("2026-11-22T10:40:00-0530") == "2026-11-22T16:10:00Z");
  CHECK(again("2026-11-22 10:40:00+02") == "2026-11-22T08:40:00Z");
  CHECK(again("2026-11-22t10:40:00z") == "2026-11-22T10:40:00Z");
  CHECK(again("1969-12-31T23:59:59.999Z") == "1969-12-31T23:59:59.999Z");
  CHECK(again("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00Z");
  CHECK(again("2000-02-29T00:00:00Z") == "2000-02-29T00:00:00Z");
  CHECK(again("2026-12-31T23:59:60Z") == "2027-01-01T00:00:00Z");
}

TEST_CASE("parse_timestamp: keeps six decimals and rounds") {
  CHECK(again("2026-01-01T00:00:00.123456Z") == "2026-01-01T00:00:00.123456Z");
  CHECK(again("2026-01-01T00:00:00.1234564Z") == "2026-01-01T00:00:00.123456Z");
  CHECK(again("2026-01-01T00:00:00.1234565Z") == "2026-01-01T00:00:00.123457Z");
  CHECK(again("2026-01-01T00:00:59.9999999Z") == "2026-01-01T00:01:00Z");
  CHECK(again("2026-01-01T00:00:00.000000001Z") == "2026-01-01T00:00:00Z");
}

TEST_CASE("parse_timestamp: refuses what is malformed or out of range") {
  for (const std::string_view text : {"",
                                      "2026",
                                      "2026-1-1",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2026-01-32",
                                      "2026-01-00",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01T00:60:00Z",
                                      "2026-01-01T00:00:61Z",
                                      "2026-01-01T00:00:00.Z",
                                      "2026-01-01T00:00:00ZZ",
                                      "2026-01-01T00:00:00+",
                                      "2026-01-01T00:00:00+2",
                                      "2026-01-01T00:00:00+16",
                                      "2026-01-01T00:00:00+02:60",
                                      "2026-01-01T00:00:00+02:",
                                      "2026-01-01T",
                                      "2026-01-01X00:00:00Z",
                                      "2026-01-01T00:00:00 ",
                                      " 2026-01-01",
                                      "today",
                                      "0000-01-01T00:00:00Z",
                                      "0001-01-01T00:00:00+01",
                                      "9999-12-31T23:59:59.9999999Z",
                                      "9999-12-31T23:30:00-01",
                                      "2026-04-31T00:00:00Z",
                                      "2026-0a-01T00:00:00Z",
                                      "2026-01-01T00:00:0:Z",
                                      "2026-01-01T00:00:00.12aZ",
                                      "\xd9\xa2"
                                      "026-01-01"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_timestamp(text).has_value());
  }
  CHECK(parse_timestamp("0001-01-01T00:00:00Z").has_value());
  CHECK(again("9999-12-31T23:59:59.999999Z") == "9999-12-31T23:59:59.999999Z");
}

TEST_CASE("append_rfc3339: goes round through parse_timestamp", "[property]") {
  SeededRandom random(22);
  const std::int64_t first = parse_timestamp("0001-01-01T00:00:00Z").value();
  const std::int64_t last = parse_timestamp("9999-12-31T23:59:59.999999Z").value();
  for (int i = 0; i < 20000; ++i) {
    std::int64_t us =
        first + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(last - first)));
    if (i % 3 == 0) us -= us % 1'000'000;
    if (i % 3 == 1) us -= us % 1000;
    CAPTURE(us);
    REQUIRE(parse_timestamp(rfc3339(us)) == us);
    REQUIRE(parse_timestamp(text_of<std::int64_t>(TypeKind::kTimestamptz, us)) == us);
  }
}

TEST_CASE("append_rfc3339: prints years that four digits do not hold") {
  constexpr std::int64_t kDay = 86'400'000'000;
  const std::int64_t year_10000 = parse_timestamp("9999-12-31").value() + kDay;
  CHECK(rfc3339(year_10000) == "10000-01-01T00:00:00Z");
  const std::int64_t year_1_bc = parse_timestamp("0001-01-01").value() - kDay;
  CHECK(rfc3339(year_1_bc) == "0000-12-31T00:00:00Z");
  CHECK(text_of(TypeKind::kTimestamptz, year_1_bc) == "0001-12-31 00:00:00+00 BC");
  for (const std::int64_t us :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    CHECK(rfc3339(us).size() > 20);
  }
}

TEST_CASE("append_double: has PostgreSQL's form and reads back") {
  CHECK(number(0) == "0");
  CHECK(number(-0.0) == "-0");
  CHECK(number(837.26) == "837.26");
  CHECK(number(100000) == "100000");
  CHECK(number(123456789012345) == "123456789012345");
  CHECK(number(1e15) == "1e+15");
  CHECK(number(1.5e300) == "1.5e+300");
  CHECK(number(0.0001) == "0.0001");
  CHECK(number(0.00001) == "1e-05");
  CHECK(number(0.1 + 0.2) == "0.30000000000000004");
  CHECK(number(std::numeric_limits<double>::denorm_min()) == "5e-324");
  CHECK(number(std::nan("")) == "NaN");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "-Infinity");
  SeededRandom random(3);
  for (int i = 0; i < 5000; ++i) {
    const double value = std::ldexp(static_cast<double>(random.next() >> 11U),
                                    static_cast<int>(random.below(200)) - 120);
    REQUIRE(std::stod(number(value)) == value);
  }
}

TEST_CASE("append_text: prints as PostgreSQL does") {
  CHECK(text_of<std::uint8_t>(TypeKind::kBoolean, 1) == "true");
  CHECK(text_of<std::int32_t>(TypeKind::kInteger, -2147483647 - 1) == "-2147483648");
  CHECK(text_of<std::int64_t>(TypeKind::kBigint, std::numeric_limits<std::int64_t>::min()) ==
        "-9223372036854775808");
  CHECK(text_of<Numeric>(TypeKind::kNumeric, {150, 2}) == "1.50");
  CHECK(text_of<std::string_view>(TypeKind::kText, "as \"it\" is") == "as \"it\" is");
  CHECK(text_of<std::string_view>(TypeKind::kBytea, std::string_view("a\0\xff", 3)) == "\\x6100ff");
  CHECK(text_of<std::int64_t>(TypeKind::kTimestamptz, 1795344000500000) ==
        "2026-11-22 10:40:00.5+00");
}

}  // namespace
}  // namespace weir
