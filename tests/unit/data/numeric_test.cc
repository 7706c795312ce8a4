#include "data/numeric.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "base/random.h"

namespace weir {
namespace {

const std::string kNines(38, '9');
const std::string kOne39 = "1" + std::string(38, '0');

Numeric num(std::string_view text) {
  const std::optional<Numeric> value = parse_numeric(text);
  INFO(text);
  REQUIRE(value.has_value());
  return *value;
}
std::string str(std::optional<Numeric> value) {
  if (!value) return "nothing";
  std::string out;
  append_numeric(out, *value);
  return out;
}
std::string read(std::string_view text) { return str(parse_numeric(text)); }

TEST_CASE("parse_numeric: keeps every digit and the scale as written") {
  CHECK(read("0") == "0");
  CHECK(read("-0") == "0");
  CHECK(read("12.30") == "12.30");
  CHECK(read("-0.050") == "-0.050");
  CHECK(read("+7") == "7");
  CHECK(read(".5") == "0.5");
  CHECK(read("5.") == "5");
  CHECK(read("000123") == "123");
  CHECK(read("1234567890123456789") == "1234567890123456789");
  CHECK(read("12345678901234567890.123456789012345678") ==
        "12345678901234567890.123456789012345678");
  CHECK(read("100000000000000000000000000000000001") == "100000000000000000000000000000000001");
  CHECK(read(std::string(60, '0') + "42") == "42");
}

TEST_CASE("parse_numeric: holds 38 digits and no more") {
  CHECK(read(kNines) == kNines);
  CHECK(read("-" + kNines) == "-" + kNines);
  CHECK(read(kOne39) == "nothing");
  CHECK(read("-" + kOne39) == "nothing");
  CHECK(read(kNines + "9") == "nothing");
  // 2^127 and around: where a careless multiplication wraps.
  CHECK(read("170141183460469231731687303715884105728") == "nothing");
  CHECK(read("340282366920938463463374607431768211456") == "nothing");
  CHECK(read("680564733841876926926749214863536422912") == "nothing");
  CHECK(read(std::string(200, '9')) == "nothing");
  CHECK(read("0." + kNines) == "0." + kNines);
  CHECK(read("0.0" + kNines) == "nothing");
  CHECK(read("0." + std::string(38, '0')) == "0." + std::string(38, '0'));
  CHECK(read("0." + std::string(39, '0')) == "nothing");
}

TEST_CASE("parse_numeric: moves the point by the exponent") {
  CHECK(read("1e2") == "100");
  CHECK(read("1.5E+3") == "1500");
  CHECK(read("1.50e1") == "15.0");
  CHECK(read("125e-2") == "1.25");
  CHECK(read("1e37") == "1" + std::string(37, '0'));
  CHECK(read("1e38") == "nothing");
  CHECK(read("1e-38") == "0." + std::string(37, '0') + "1");
  CHECK(read("1e-39") == "nothing");
  CHECK(read("0e999999999999999999999") == "0");
  CHECK(read("1e999999999999999999999") == "nothing");
}

TEST_CASE("parse_numeric: refuses what is no decimal number") {
  for (const std::string_view text :
       {"",   "-",  "+",  ".",    "-.",  "e5",  "1e",  "1e+",      "1e+-5", "1e-+5", "1.2.3",
        "1 ", " 1", "1x", "0x10", "1,5", "--1", "NaN", "Infinity", "1e5.0", "1_000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_numeric(text).has_value());
  }
}

TEST_CASE("compare: by value, whatever the scales") {
  CHECK((compare(num("1.0"), num("1.00")) == 0));
  CHECK((compare(num("-1"), num("0.5")) < 0));
  CHECK((compare(num("2"), num("10")) < 0));
  CHECK((compare(num(kNines), num("0." + kNines)) > 0));
  CHECK((compare(num("-" + kNines), num("0." + kNines)) < 0));
  CHECK((compare(num("0." + kNines), num("-" + kNines)) > 0));
  CHECK((compare(num("0." + std::string(38, '0')), num("0")) == 0));
}

TEST_CASE("add, sub: the larger scale, nothing past 38 digits") {
  CHECK(str(add(num("1.5"), num("2.25"))) == "3.75");
  CHECK(str(sub(num("1.50"), num("1.5"))) == "0.00");
  CHECK(str(add(num(kNines), num("1"))) == "nothing");
  // The sum of these two does not even fit 128 bits.
  CHECK(str(add(num(kNines), num(kNines))) == "nothing");
  CHECK(str(sub(num("-" + kNines), num(kNines))) == "nothing");
  CHECK(str(sub(num(kNines), num(kNines))) == "0");
  CHECK(str(add(num(kNines), num("0.1"))) == "nothing");
}

TEST_CASE("mul: the sum of the scales") {
  CHECK(str(mul(num("1.50"), num("2.0"))) == "3.000");
  CHECK(str(mul(num("-3"), num("0.1"))) == "-0.3");
  CHECK(str(mul(num(kNines), num("10"))) == "nothing");
  CHECK(str(mul(num(kNines), num("1"))) == kNines);
  CHECK(str(mul(num(kNines), num(kNines))) == "nothing");
}

// By its select_div_scale (numeric.c): 16 digits from the first group of four on.
TEST_CASE("div: has PostgreSQL's scale") {
  CHECK(str(div(num("1"), num("3"))) == "0.33333333333333333333");
  CHECK(str(div(num("2"), num("3"))) == "0.66666666666666666667");
  CHECK(str(div(num("2"), num("1"))) == "2.0000000000000000");
  CHECK(str(div(num("10"), num("4"))) == "2.5000000000000000");
  CHECK(str(div(num("-1"), num("8"))) == "-0.12500000000000000000");
  CHECK(str(div(num("0"), num("7"))) == "0.00000000000000000000");
  CHECK(str(div(num("100000"), num("3"))) == "33333.333333333333");
  CHECK(str(div(num("837.26"), num("100"))) == "8.3726000000000000");
  CHECK(str(div(num(kNines), num("1"))) == kNines);
  CHECK(str(div(num(kNines), num("0.1"))) == "nothing");
}

TEST_CASE("mod: exact, with the sign of the dividend") {
  CHECK(str(mod(num("7"), num("3"))) == "1");
  CHECK(str(mod(num("-7"), num("3"))) == "-1");
  CHECK(str(mod(num("7.5"), num("2"))) == "1.5");
  CHECK(str(mod(num("1" + std::string(37, '0')), num("0.03"))) == "0.01");
  CHECK(str(mod(num("0.5"), num(kNines))) == "0.5");
}

TEST_CASE("round, trunc: half away from zero, and to tens") {
  CHECK(str(round(num("2.5"), 0)) == "3");
  CHECK(str(round(num("-2.5"), 0)) == "-3");
  CHECK(str(round(num("2.4999"), 0)) == "2");
  CHECK(str(round(num("1.005"), 2)) == "1.01");
  CHECK(str(round(num("1.5"), 3)) == "1.500");
  CHECK(str(round(num("1250"), -2)) == "1300");
  CHECK(str(round(num("50"), -2)) == "100");
  CHECK(str(round(num("49"), -2)) == "0");
  CHECK(str(round(num(kNines), -1)) == "nothing");
  CHECK(str(round(num("0." + kNines), 0)) == "1");
  CHECK(str(round(num("1.5"), std::numeric_limits<int>::min())) == "0");
  CHECK(str(round(num("0.5"), std::numeric_limits<int>::max())) == "0.5" + std::string(37, '0'));
  CHECK(str(trunc(num("-2.99"), 1)) == "-2.9");
  CHECK(str(trunc(num("1299"), -2)) == "1200");
  CHECK(str(trunc(num("1.5"), std::numeric_limits<int>::min())) == "0");
}

TEST_CASE("fit: rounds to the scale and guards the precision") {
  CHECK(str(fit(num("837.265"), 12, 2)) == "837.27");
  CHECK(str(fit(num("999.99"), 5, 2)) == "999.99");
  CHECK(str(fit(num("999.995"), 5, 2)) == "nothing");
  CHECK(str(fit(num("1"), 2, 2)) == "nothing");
  CHECK(str(fit(num("0.994"), 2, 2)) == "0.99");
  CHECK(str(fit(num(kNines), 38, 0)) == kNines);
  CHECK(str(fit(num(kNines), 38, 1)) == "nothing");
}

TEST_CASE("fit: is round and a bound, whatever the size", "[property]") {
  SeededRandom random(11);
  const Numeric bound = num("1e12");
  for (int i = 0; i < 20'000; ++i) {
    Numeric value{static_cast<Int128>(random.next()) * (random.below(2) == 0 ? 1 : -1),
                  static_cast<std::int32_t>(random.below(25))};
    if (random.below(2) == 0) value.unscaled >>= random.below(60);
    if (random.below(4) == 0) value.unscaled *= static_cast<Int128>(random.below(1'000'000'000));
    const std::optional<Numeric> rounded = round(value, 3);
    const bool fits = rounded && compare(*rounded, bound) < 0 &&
                      compare(*rounded, *sub(Numeric{0, 0}, bound)) > 0;
    const std::optional<Numeric> fitted = fit(value, 15, 3);
    INFO(str(value));
    REQUIRE(fitted.has_value() == fits);
    if (fits) REQUIRE(str(fitted) == str(rounded));
  }
}

TEST_CASE("to_double: is correctly rounded") {
  CHECK(to_double(num("0.1")) == 0.1);
  CHECK(to_double(num("837.26")) == 837.26);
  CHECK(to_double(num("-9007199254740993")) == -9007199254740992.0);
  CHECK(to_double(num(kNines)) == 1e38);
  SeededRandom random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text = std::to_string(random.next() % 1'000'000'000'000) + "." +
                       std::to_string(random.next() % 1'000'000'000);
    CAPTURE(text);
    CHECK(to_double(num(text)) == std::stod(text));
  }
}

TEST_CASE("numeric_from_double: 15 digits, as PostgreSQL's cast") {
  CHECK(str(numeric_from_double(0.1)) == "0.1");
  CHECK(str(numeric_from_double(0.1 + 0.2)) == "0.3");
  CHECK(str(numeric_from_double(-837.26)) == "-837.26");
  CHECK(str(numeric_from_double(100000)) == "100000");
  CHECK(str(numeric_from_double(0)) == "0");
  CHECK(str(numeric_from_double(1e37)) == "1" + std::string(37, '0'));
  CHECK(str(numeric_from_double(1e38)) == "nothing");
  CHECK(str(numeric_from_double(std::nan(""))) == "nothing");
  CHECK(str(numeric_from_double(std::numeric_limits<double>::infinity())) == "nothing");
}

TEST_CASE("to_int64: rounds, and knows its limits") {
  CHECK(to_int64(num("2.5")) == 3);
  CHECK(to_int64(num("-2.5")) == -3);
  CHECK(to_int64(num("9223372036854775807")) == std::numeric_limits<std::int64_t>::max());
  CHECK(to_int64(num("9223372036854775807.4")) == std::numeric_limits<std::int64_t>::max());
  CHECK_FALSE(to_int64(num("9223372036854775807.5")).has_value());
  CHECK(to_int64(num("-9223372036854775808")) == std::numeric_limits<std::int64_t>::min());
  CHECK_FALSE(to_int64(num("-9223372036854775809")).has_value());
}

TEST_CASE("numeric: text goes round through values of every size", "[property]") {
  SeededRandom random(38);
  for (int i = 0; i < 5000; ++i) {
    std::string digits;
    const std::uint64_t size = 1 + random.below(38);
    for (std::uint64_t k = 0; k < size; ++k) digits += static_cast<char>('0' + random.below(10));
    if (digits[0] == '0') digits[0] = '1';
    std::string text = random.below(2) == 0 ? digits : "-" + digits;
    if (const std::uint64_t point = random.below(size); point > 0) {
      text.insert(text.size() - point, ".");
    }
    CAPTURE(text);
    REQUIRE(read(text) == text);
    const Numeric value = num(text);
    REQUIRE(str(sub(*add(num("0"), value), value)).find_first_not_of("0.") == std::string::npos);
  }
}

}  // namespace
}  // namespace weir
