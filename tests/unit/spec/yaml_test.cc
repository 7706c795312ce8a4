#include "spec/yaml.h"

#include <catch2/catch.hpp>

#include <chrono>

namespace weir {
namespace {

YamlNode read(const SourceText& source) {
  Diagnostics diagnostics;
  auto root = parse_yaml(source, diagnostics);
  INFO(diagnostics.render());
  REQUIRE(root);
  REQUIRE(diagnostics.empty());
  return std::move(*root);
}

Code code_of(const std::string& text) {
  Diagnostics diagnostics;
  parse_yaml(SourceText("f", text), diagnostics);
  return diagnostics.empty() ? Code::kNone : diagnostics.all().front().code;
}

// The source's bytes at which the value's bytes stand, which are equal where nothing is escaped.
std::string seen_through(const SourceText& source, const YamlNode& scalar) {
  const std::vector<std::uint32_t> offsets = scalar_offsets(source, scalar);
  REQUIRE(offsets.size() == scalar.scalar.size() + 1);
  std::string seen;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) seen += source.text().at(offsets[i]);
  return seen;
}

}  // namespace

TEST_CASE("yaml: scalars are texts with their place", "[spec]") {
  const SourceText source("f", "a: no\nb: { c: 0x10, d: [ '1e3' ] }\n");
  const YamlNode root = read(source);
  CHECK(root.find("a")->scalar == "no");
  CHECK(root.find("a")->at == Place{3, 2});
  CHECK(root.find("b")->find("c")->scalar == "0x10");
  CHECK(root.find("b")->find("d")->items.at(0).at == Place{25, 5});
  CHECK(root.find("nothing") == nullptr);
}

TEST_CASE("yaml: every byte of a scalar knows its place in every style", "[spec]") {
  struct Case {
    const char* text;
    const char* value;
    const char* seen;
  };
  const Case cases[] = {
      {"k: a > 1", "a > 1", "a > 1"},
      {"k: a >\n   1  \n   AND b", "a > 1 AND b", "a >\n1 AND b"},
      {"k: 'it''s'", "it's", "it's"},
      {"k: 'two\n  lines'", "two lines", "two\nlines"},
      {"k: \"x \\u00e9 \\\"y\\\" z\"", "x \xc3\xa9 \"y\" z", "x \\\\ \\y\\ z"},
      {"k: \"long \\\n   line\"", "long line", "long line"},
      {"k: |\n  a,\n    b\n\n  c\n", "a,\n  b\n\nc\n", "a,\n  b\n\nc\n"},
      {"k: |2\n    a\n  b\n", "  a\nb\n", "  a\nb\n"},
      {"k: |-\n\n  a\n", "\na", "\na"},
      {"k: |\r\n  a\r\n  b\r\n", "a\nb\n", "a\nb\n"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const SourceText source("f", c.text);
    const YamlNode root = read(source);
    const YamlNode& scalar = *root.find("k");
    CHECK(scalar.scalar == c.value);
    CHECK(seen_through(source, scalar) == c.seen);
  }
}

TEST_CASE("yaml: folded text maps every byte that is not white space", "[spec]") {
  const SourceText source("f", "k: >\n  SELECT a,\n  b\n\n    indented\n  end\nnext: 1\n");
  const YamlNode root = read(source);
  const YamlNode& scalar = *root.find("k");
  const std::string seen = seen_through(source, scalar);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (scalar.scalar[i] > ' ') CHECK(seen[i] == scalar.scalar[i]);
  }
}

TEST_CASE("yaml: a place in a block is found through its indent", "[spec]") {
  const SourceText source("f", "s:\n  - select: |\n      a,\n      wrong AS b\n");
  const YamlNode root = read(source);
  const YamlNode& scalar = *root.find("s")->items.at(0).find("select");
  const SqlText sql(scalar.scalar, scalar.at, scalar_offsets(source, scalar));
  const Place place = sql.place(sql.text().find("wrong"), 5);
  CHECK(source.line_column(place.offset) == LineColumn{4, 7});
  CHECK(place.length == 5);
  // The end of the text: where more was expected.
  CHECK(source.line_column(sql.place(sql.text().size(), 0).offset).line >= 4);
  // An underline stays on its line.
  CHECK(sql.place(0, sql.text().size()).length <= 3);
}

TEST_CASE("yaml: traps of YAML are refused", "[spec]") {
  CHECK(code_of("a: 1\na: 2\n") == Code::kDuplicateKey);
  CHECK(code_of("{ a: 1, a: 2 }\n") == Code::kDuplicateKey);
  CHECK(code_of("a: { total: coalesce(a, 0) }\n") == Code::kTornFlow);
  CHECK(code_of("a: [ f(a, 0), b ]\n") == Code::kTornFlow);
  CHECK(code_of("a: { b: f(g(1, 2), 3), c: 4 }\n") == Code::kTornFlow);
  CHECK(code_of("a: { b: (x), c: 4 }\n") == Code::kNone);
  CHECK(code_of("a:\n  <<: { b: 1 }\n") == Code::kMergeKey);
  CHECK(code_of("a: &x 1\n") == Code::kYamlFeature);
  CHECK(code_of("a: &x 1\nb: *x\n") == Code::kYamlFeature);
  CHECK(code_of("a: !!int 1\n") == Code::kYamlFeature);
  CHECK(code_of("? [ a ]\n: 1\n") == Code::kYamlFeature);
  CHECK(code_of("a: 1\n---\nb: 1\n") == Code::kYamlFeature);
  CHECK(code_of("---\na: 1\n") == Code::kNone);
  CHECK(code_of("a:\n\tb: 1\n") == Code::kBadYaml);
  CHECK(code_of("a: \"never closed\n") == Code::kBadYaml);
  CHECK(code_of("a: 'never closed\n") == Code::kBadYaml);
  CHECK(code_of("a: [\n") == Code::kBadYaml);
  CHECK(code_of("a: b: c\n") == Code::kBadYaml);
  CHECK(code_of("a: \x80\n") == Code::kBadText);
  CHECK(code_of(std::string("a: \0b\n", 6)) == Code::kBadText);
  CHECK(code_of("a: \xed\xa0\x80\n") == Code::kBadText);
  CHECK(code_of("a: \xf0\x9f\x98\x80\n") == Code::kNone);
}

TEST_CASE("yaml: a comment behind a plain scalar is known, however it stands", "[spec]") {
  const auto comment_of = [](const std::string& text) {
    const SourceText source("f", text);
    const YamlNode root = read(source);
    return root.find("k")->comment.has_value();
  };
  CHECK(comment_of("k: payload #>> '{a}'\n"));
  CHECK(comment_of("k: a   # words\n"));
  CHECK(comment_of("k: a\n    # deeper\n"));
  CHECK_FALSE(comment_of("k: a\n# not deeper\nb: 1\n"));
  CHECK_FALSE(comment_of("k: a#b\n"));
  CHECK_FALSE(comment_of("k: 'a #b'\n"));
  CHECK_FALSE(comment_of("k: |\n  a # b\n"));
}

TEST_CASE("yaml: depth and size are bounded, quickly", "[spec]") {
  const auto started = std::chrono::steady_clock::now();
  CHECK(code_of(std::string(200'000, '[')) == Code::kTooDeep);
  CHECK(code_of("a: " + std::string(200'000, '{')) == Code::kTooDeep);
  std::string blocks;
  for (std::size_t i = 0; i < 700; ++i) blocks += std::string(i, ' ') + "a:\n";
  CHECK(code_of(blocks) == Code::kTooDeep);
  CHECK(code_of(std::string(kYamlBytesMax + 1, ' ')) == Code::kFileUnreadable);
  // Far from what it takes; a guard against quadratic readers.
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(20));
}

TEST_CASE("yaml: an empty file is nothing", "[spec]") {
  for (const char* text : {"", "\n\n", "# words\n", "   "}) {
    CHECK(read(SourceText("f", text)).kind == YamlNode::Kind::kNull);
  }
}

}  // namespace weir
