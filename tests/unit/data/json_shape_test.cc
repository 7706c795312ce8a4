#include "data/json_shape.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "data/json_record.h"
#include "data/record.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"id", "amount", "status", "meta", "flag"};
using Values = std::array<JsonValue, kNames.size()>;

// A document with exactly the padding that readers may touch, so that ASan sees one byte more.
// What stands in the padding is nobody's business, so it is what misleads most: `behind`.
class Document {
 public:
  explicit Document(const std::string& text, std::string_view behind = "")
      : bytes_(new char[text.size() + kValuePadding]), size_(text.size()) {
    std::fill_n(std::copy(text.begin(), text.end(), bytes_.get()), kValuePadding, '\0');
    behind.substr(0, kValuePadding).copy(bytes_.get() + size_, kValuePadding);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

std::string shown(const Values& values) {
  std::string all;
  for (const JsonValue& value : values) {
    all += std::to_string(static_cast<int>(value.kind));
    // What stands in the text of the others is not read by anybody.
    if (value.kind == JsonKind::kNumber || value.kind == JsonKind::kString ||
        value.kind == JsonKind::kNested) {
      all.append(" ").append(value.text);
    }
    all += "|";
  }
  return all;
}

// Both readers' answers as texts; the shape reader keeps what it learned.
class Readers {
 public:
  /// Whether the shape reader took it; then the slower one gives the same.
  bool agree(const Document& document) {
    Arena arena;
    Values by_shape;
    Values slowly;
    const bool took = shape_.read(document.view(), kNames, by_shape, arena);
    if (!took) return false;
    INFO(document.view());
    const Result<> read = slow_.read_slowly(document.view(), kNames, slowly, arena);
    REQUIRE((read ? "" : read.error().message()) == std::string());
    REQUIRE(shown(by_shape) == shown(slowly));
    return true;
  }
  bool agree(const std::string& text) { return agree(Document(text)); }

 private:
  JsonShapeReader shape_;
  JsonRecordReader slow_;
};

// Random JSON, with all that RFC 8259 allows.
class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  std::string record() {
    std::vector<std::string> keys(kNames.begin(), kNames.end());
    keys.insert(keys.end(), {"other", "more", "a longer key than two steps of sixteen", "x"});
    if (one_in(3)) std::swap(keys[random_.below(keys.size())], keys[random_.below(keys.size())]);
    if (one_in(3)) keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(below(keys.size())));
    if (one_in(5)) keys.push_back(keys[below(keys.size())]);
    if (one_in(9)) keys.insert(keys.begin(), {"k\\u0065y", "sch\xc3\xb6n", "q\\\""});
    if (one_in(30)) keys.clear();
    return object(keys, 0);
  }

  /// One of the mistakes that a transport, a disk or a programmer makes.
  std::string mutated(std::string text) {
    constexpr std::string_view kBytes = "\"\\{}[],:0123456789.eE+-truefalsn \t\n\x01\x7f\xc3\xff";
    const auto at = [&] { return text.empty() ? 0 : below(text.size()); };
    for (std::size_t count = 1 + below(3); count > 0; --count) {
      const char byte = kBytes[below(kBytes.size())];
      switch (below(5)) {
        case 0:
          text.resize(at());
          break;
        case 1:
          text.insert(at(), 1, byte);
          break;
        case 2:
          text.erase(at(), 1 + below(3));
          break;
        case 3:
          text.insert(at(), std::string(text, at(), below(12)));
          break;
        default:
          if (!text.empty()) text[at()] = byte;
      }
    }
    return text;
  }

 private:
  std::size_t below(std::size_t bound) { return random_.below(bound); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  std::string blanks() { return one_in(12) ? std::string(1 + below(2), " \t\n\r"[below(4)]) : ""; }

  std::string object(const std::vector<std::string>& keys, int depth) {
    std::string text = blanks() + "{" + blanks();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i > 0) text += "," + blanks();
      text += "\"" + keys[i] + "\"" + blanks() + ":" + blanks() + value(depth + 1) + blanks();
    }
    return text + "}" + (depth == 0 ? blanks() : "");
  }

  std::string value(int depth) {
    switch (below(depth > 3 ? 7 : 9)) {
      case 0:
        return std::array{"true", "false", "null"}[below(3)];
      case 1:
      case 2:
      case 3:
        return number();
      case 7:
        return object(
            one_in(3) ? std::vector<std::string>{} : std::vector<std::string>{"a", "id", "status"},
            depth);
      case 8:
        return array(depth);
      default:
        return string();
    }
  }
  std::string array(int depth) {
    std::string text = "[" + blanks();
    const std::size_t count = below(4);
    for (std::size_t i = 0; i < count; ++i) {
      text += (i > 0 ? "," : "") + blanks() + value(depth + 1) + blanks();
    }
    return text + "]";
  }
  std::string digits(std::size_t most) {
    std::string text(1, static_cast<char>('1' + below(9)));
    for (std::size_t i = below(most); i > 0; --i) text += static_cast<char>('0' + below(10));
    return text;
  }
  std::string number() {
    std::string text = (one_in(4) ? "-" : "") + (one_in(5) ? "0" : digits(one_in(5) ? 40 : 9));
    if (one_in(2)) text += "." + digits(one_in(5) ? 40 : 9);
    if (one_in(9)) text += std::array{"e", "E+", "e-"}[below(3)] + digits(3);
    return text;
  }
  std::string string() {
    std::string text = "\"";
    for (std::size_t i = below(one_in(4) ? 50 : 12); i > 0; --i) {
      text += static_cast<char>('a' + below(26));
    }
    constexpr std::array kRarer = {"\\\"",           "\\\\",         "\\n", "\\u00e9",
                                   "\\ud83d\\ude00", "\xc3\xa9",     "\\/", "\xf0\x9f\x98\x80",
                                   "{}[],:",         "\\ud83d oops", " ",   "\\b\\f\\r\\t"};
    if (one_in(5)) text.insert(1 + below(text.size()), kRarer[below(kRarer.size())]);
    return text + "\"";
  }

  Random& random_;
};

TEST_CASE("JsonShapeReader: what it takes is what simdjson takes, with the same values") {
  SeededRandom random(20261122);
  Writer writer(random);
  // Several lives, so that something else is learned first in each.
  constexpr int kLives = 100;
  constexpr int kRecords = 500;
  int taken = 0;
  for (int life = 0; life < kLives; ++life) {
    Readers readers;
    const std::string usual = writer.record();
    for (int i = 0; i < kRecords; ++i) {
      const std::string good = random.below(2) == 0 ? usual : writer.record();
      taken += readers.agree(good) ? 1 : 0;
      const std::string bad = writer.mutated(good);
      readers.agree(bad);
      // The end of the record before it was cut stands in the padding.
      const std::size_t cut = random.below(good.size() + 1);
      readers.agree(Document(good.substr(0, cut), std::string_view(good).substr(cut)));
    }
  }
  // The others hold escapes in keys, \u or extreme numbers.
  CHECK(taken > kLives * kRecords / 4);
}

TEST_CASE("JsonShapeReader: takes records whose fields move, vanish, repeat and grow") {
  Readers readers;
  for (int i = 0; i < 3; ++i) {
    CHECK(
        readers.agree(R"({"id":1,"amount":2.50,"status":"open","flag":true,"meta":{"a":[1,{}]}})"));
    CHECK(readers.agree(R"({"id":-77,"amount":0.1,"status":"","flag":null,"meta":{"a":[1,{}]}})"));
    CHECK(readers.agree(R"({"status":"open","id":1,"amount":2.50})"));
    CHECK(readers.agree(R"({"id":1,"id":2,"id":3})"));
    CHECK(readers.agree(R"( { "id" : 1 , "more" : [ ] , "status" : "a\n\"b\"" } )"));
    CHECK(readers.agree(R"({"id":[1,[2,[{"id":3}]]],"meta":{"id":4,"b":{"c":{}}}})"));
    CHECK(readers.agree("{}"));
    CHECK(
        readers.agree("{\"status\":\"gr\xc3\xb6\xc3\x9f"
                      "er\",\"id\":5}"));
  }
}

TEST_CASE("JsonShapeReader: leaves escapes in keys, \\u, deep nesting and mistakes to the other") {
  const std::string deep = "{\"id\":" + std::string(30, '[') + std::string(30, ']') + "}";
  for (const std::string& text :
       {std::string(R"({"\u0069d":1})"), std::string(R"({"id":"\u0041"})"), deep,
        std::string(R"({"id":01})"), std::string(R"({"id":1,})"), std::string(R"({"id":1}})"),
        std::string(R"([{"id":1}])"), std::string("{\"id\":\"\xff\"}"), std::string(R"({"id":1.})"),
        std::string(R"({"id":nul})"), std::string("{\"id\":\"\n\"}"), std::string()}) {
    INFO(text);
    Readers readers;
    CHECK_FALSE(readers.agree(text));
    CHECK(readers.agree(R"({"id":1})"));
    CHECK_FALSE(readers.agree(text));
  }
}

TEST_CASE("JsonShapeReader: a map of ever other keys is read, and not remembered without end") {
  Readers readers;
  for (int i = 0; i < 300; ++i) {
    std::string record = "{\"id\":" + std::to_string(i) + ",\"meta\":{";
    for (int key = 0; key < 9; ++key) {
      record += "\"k" + std::to_string(i * 7 + key) + "\":" + std::to_string(key) + ",";
    }
    CHECK(readers.agree(record + "\"z\":0}}"));
  }
}

TEST_CASE("JsonRecordReader: what only simdjson reads is read, and mistakes have their place") {
  JsonRecordReader reader;
  Arena arena;
  Values values;
  const Document escaped(R"({"\u0069d":1,"status":"\u0041"})");
  for (int i = 0; i < 2; ++i) {
    REQUIRE(reader.read(escaped.view(), kNames, values, arena));
    CHECK(values[0].text == "1");
    CHECK(values[2].text == "A");
    const Document bad(R"({"id":1,})");
    const Result<> read = reader.read(bad.view(), kNames, values, arena);
    REQUIRE_FALSE(read);
    CHECK(read.error().message().find("at byte 8") != std::string::npos);
  }
}

TEST_CASE(
    "JsonRecordReader: a string with a colon behind it is a mistake, also when it is a value") {
  for (const char* text :
       {R"({"status":"a" : -4 ] , "id":7})", R"({"zz":"a":1],"id":7})", R"({"zz":["a":1],"id":7})",
        R"({"zz":{"y":"a":[]},"id":7})", R"({"id":7,"zz":"a":]})"}) {
    JsonRecordReader reader;
    Arena arena;
    Values values;
    CAPTURE(text);
    CHECK_FALSE(reader.read(Document(text).view(), kNames, values, arena));
  }
}

}  // namespace
}  // namespace weir
