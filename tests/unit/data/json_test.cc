#include "data/json.h"

#include <catch2/catch.hpp>

#include "base/random.h"
#include "data/record.h"

namespace weir {
namespace {

std::string canonical(std::string_view text) {
  Arena arena;
  const Result<std::string_view> result = canonical_json(arena.copy(text, kValuePadding), arena);
  return result ? std::string(*result) : result.error().message();
}
std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST_CASE("canonical_json: takes out white space and sorts keys by length, then bytes") {
  CHECK(canonical(" { \"bb\" : [ 1 , 2 ] , \"a\" : null , \"ab\":{} } ") ==
        R"({"a":null,"ab":{},"bb":[1,2]})");
  CHECK(canonical(R"({"b":{"y":1,"x":2},"a":[{"d":1,"c":2}]})") ==
        R"({"a":[{"c":2,"d":1}],"b":{"x":2,"y":1}})");
  CHECK(canonical("\t\"x\"\r\n") == "\"x\"");
  CHECK(canonical("[]") == "[]");
}

TEST_CASE("canonical_json: of equal keys the last wins, written with escapes or not") {
  CHECK(canonical(R"({"a":1,"b":2,"a":3})") == R"({"a":3,"b":2})");
  CHECK(canonical(R"({"a":1,"\u0061":2})") == R"({"a":2})");
}

TEST_CASE("canonical_json: keeps every digit of numbers, in plain notation") {
  CHECK(canonical("[1.50,-0,0.0,-0.0,1e2,1.25E-3,1E+0,0e9]") == "[1.5,0,0,0,100,0.00125,1,0]");
  CHECK(canonical("123456789012345678901234567890.123456789") ==
        "123456789012345678901234567890.123456789");
  CHECK(canonical("0.1000000000000000055511151231257827") ==
        "0.1000000000000000055511151231257827");
  CHECK(canonical("12.5e1") == "125");
  CHECK(canonical("-12.5e-3") == "-0.0125");
  CHECK(canonical("1e400") == "1" + std::string(400, '0'));
  CHECK(canonical("1e1000000000000") == "not JSON: a number's exponent is out of range, at byte 0");
  CHECK(canonical("[0e1000000000000]") == "[0]");
}

TEST_CASE("canonical_json: writes strings with the shortest escapes") {
  CHECK(canonical(R"("\u0041\/\u00e9\ud83d\ude00\u000a\u0000\"")") ==
        "\"A/\xc3\xa9\xf0\x9f\x98\x80\\n\\u0000\\\"\"");
  CHECK(canonical("\"\xc3\xa9\"") == "\"\xc3\xa9\"");
}

TEST_CASE("canonical_json: gives text that is canonical back as it is") {
  Arena arena;
  for (const std::string_view text :
       {R"({"a":1,"b":[true,false,null,"x",-5],"cc":{"z":""}})", "[[],{}]", "\"\xc3\xa9\"", "12"}) {
    const std::string_view padded = arena.copy(text, kValuePadding);
    CHECK(canonical_json(padded, arena)->data() == padded.data());
  }
}

TEST_CASE("canonical_json: says what is wrong and where") {
  CHECK(canonical("") == "not JSON: the text ends where a value should be, at byte 0");
  CHECK(canonical("{\"a\":1") == "not JSON: \",\" or \"}\" should stand here, at byte 6");
  CHECK(canonical("{\"a\" 1}") == "not JSON: \":\" should stand here, at byte 5");
  CHECK(canonical("{a:1}") == "not JSON: a key in quotes should stand here, at byte 1");
  CHECK(canonical("{\"a\":1,}") == "not JSON: a key in quotes should stand here, at byte 7");
  CHECK(canonical("[1 2]") == "not JSON: \",\" or \"]\" should stand here, at byte 3");
  CHECK(canonical("[1,]") == "not JSON: a value should stand here, at byte 3");
  CHECK(canonical("01") == "not JSON: a number is malformed, at byte 0");
  CHECK(canonical("[-]") == "not JSON: a number is malformed, at byte 1");
  CHECK(canonical("1.") == "not JSON: a number is malformed, at byte 0");
  CHECK(canonical("nul") == "not JSON: a value should stand here, at byte 0");
  CHECK(canonical("1 2") == "not JSON: more text behind the value, at byte 2");
  CHECK(canonical("\"abc") == "not JSON: a string is not closed, at byte 4");
  CHECK(canonical("\"a\nb\"") ==
        "not JSON: a control character in a string must be escaped, at byte 2");
  CHECK(canonical("\"\\x\"") == "not JSON: there is no such escape, at byte 1");
  CHECK(canonical("\"\\u12g4\"") == "not JSON: \\u needs four hex digits, at byte 1");
  CHECK(canonical("\"\\udc00\"") == "not JSON: half of a surrogate pair, at byte 1");
  CHECK(canonical("\"\\ud800\\n\"") == "not JSON: half of a surrogate pair, at byte 1");
  CHECK(canonical("\"\xc3\x28\"") == "not JSON: not UTF-8, at byte 1");
  CHECK(canonical("\xef\xbb\xbf{}") == "not JSON: a value should stand here, at byte 0");
}

TEST_CASE("canonical_json: takes 256 levels and refuses one more") {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  CHECK(canonical(nested(256)) == nested(256));
  CHECK(canonical(nested(257)) == "not JSON: nested deeper than 256 levels, at byte 256");
  CHECK(canonical(nested(1'000'000)).find("nested deeper") != std::string::npos);
}

TEST_CASE("canonical_json: is the same for its own result", "[property]") {
  SeededRandom random(11);
  const std::string_view parts[] = {
      "{",     "}",   "[",    "]",    ",", ":",           "\"a\"", "\"b\\n\"", "\"\xc3\xa9\"", "1",
      "-2.50", "1e3", "true", "null", " ", "\"\\u00e9\"", "{}",    "\"a\":",   "[1,2]"};
  int valid = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::uint64_t k = 1 + random.below(9); k > 0; --k) {
      text += parts[random.below(std::size(parts))];
    }
    Arena arena;
    const Result<std::string_view> once = canonical_json(arena.copy(text, kValuePadding), arena);
    CAPTURE(text);
    REQUIRE(once.has_value() == !find_json_mistake(arena.copy(text, kValuePadding)).has_value());
    if (!once) continue;
    ++valid;
    const std::string first(*once);
    REQUIRE(canonical(first) == first);
  }
  CHECK(valid > 1000);
}

TEST_CASE("json_get: finds members and elements") {
  const std::string_view object = R"({"a":1,"b":{"x":[1,"],}",3]},"cc":"q\"z","k\"":7})";
  CHECK(json_get(object, "a") == "1");
  CHECK(json_get(object, "b") == R"({"x":[1,"],}",3]})");
  CHECK(json_get(object, "cc") == R"("q\"z")");
  CHECK(json_get(object, "k\"") == "7");
  CHECK_FALSE(json_get(object, "c").has_value());
  CHECK_FALSE(json_get("[1]", "a").has_value());
  CHECK_FALSE(json_get("{}", "").has_value());
  CHECK(json_get("{\"\":2}", "") == "2");
  const std::string_view array = R"([1,"],}",[3,4],{}])";
  CHECK(json_get(array, 0) == "1");
  CHECK(json_get(array, 1) == "\"],}\"");
  CHECK(json_get(array, 2) == "[3,4]");
  CHECK(json_get(array, -1) == "{}");
  CHECK(json_get(array, -4) == "1");
  CHECK_FALSE(json_get(array, -5).has_value());
  CHECK_FALSE(json_get(array, 4).has_value());
  CHECK_FALSE(json_get("[]", 0).has_value());
  CHECK_FALSE(json_get("{\"a\":1}", 0).has_value());
  CHECK_FALSE(json_get("\"[1]\"", 0).has_value());
}

TEST_CASE("json_as_text: unquotes strings, keeps other values, has no null") {
  Arena arena;
  CHECK(json_as_text("\"abc\"", arena) == "abc");
  CHECK(json_as_text(R"("a\"\\\n\u0001")", arena) == "a\"\\\n\x01");
  CHECK(json_as_text("12.5", arena) == "12.5");
  CHECK(json_as_text(R"({"a":1})", arena) == R"({"a":1})");
  CHECK_FALSE(json_as_text("null", arena).has_value());
}

TEST_CASE("append_json_string: escapes, and replaces what is not UTF-8") {
  CHECK(quoted("") == "\"\"");
  CHECK(quoted("plain text that is longer than sixteen bytes") ==
        "\"plain text that is longer than sixteen bytes\"");
  CHECK(quoted("0123456789abcde\"") == "\"0123456789abcde\\\"\"");
  CHECK(quoted(std::string_view("a\0\x1f\n\\", 5)) == R"("a\u0000\u001f\n\\")");
  CHECK(quoted("\xc3\xa9/") == "\"\xc3\xa9/\"");
  CHECK(quoted("\xc3\xa9\xff\xc3\xa9") == "\"\xc3\xa9\xef\xbf\xbd\xc3\xa9\"");
  CHECK(quoted("x\xe2\x82") == "\"x\xef\xbf\xbd\"");
  CHECK(quoted("\xed\xa0\x80") == "\"\xef\xbf\xbd\"");
}

TEST_CASE("utf8_prefix: agrees with simdjson's validator", "[property]") {
  SeededRandom random(5);
  const unsigned char bytes[] = {'a',  0x80, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xa0, 0x9f, 0xed,
                                 0xef, 0xf0, 0x90, 0x8f, 0xf4, 0xf5, 0xff, 0xe2, 0x82, 0xac};
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::uint64_t k = random.below(7); k > 0; --k) {
      text += static_cast<char>(bytes[random.below(std::size(bytes))]);
    }
    REQUIRE((utf8_prefix(text) == text.size()) == is_utf8(text));
  }
}

}  // namespace
}  // namespace weir
