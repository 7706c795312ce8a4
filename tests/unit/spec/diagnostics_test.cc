#include "spec/diagnostics.h"

#include <catch2/catch.hpp>

namespace weir {

TEST_CASE("diagnostics: a mistake shows its line, an underline and a guess", "[spec]") {
  const SourceText source("jobs/clicks.yaml", "a: 1\n    widow: { tumbling: 1m }\n");
  Diagnostics diagnostics;
  diagnostics.error(source, {9, 5}, Code::kUnknownField,
                    "unknown field \"widow\" in step \"per_minute\"", "did you mean \"window\"?");
  CHECK(diagnostics.render() ==
        "jobs/clicks.yaml:2:5: error[W1004]: unknown field \"widow\" in step \"per_minute\"\n"
        "    2 |     widow: { tumbling: 1m }\n"
        "      |     ^^^^^ did you mean \"window\"?\n");
}

TEST_CASE("diagnostics: they come by line, the same one once", "[spec]") {
  const SourceText source("f", "a\nb\nc\n");
  Diagnostics diagnostics;
  diagnostics.error(source, {4, 1}, Code::kBadValue, "third");
  diagnostics.warning(source, {0, 1}, Code::kNone, "first");
  diagnostics.error(source, {4, 1}, Code::kBadValue, "third");
  CHECK(diagnostics.error_count() == 2);
  CHECK(diagnostics.has_errors());
  CHECK(diagnostics.render() ==
        "f:1:1: warning: first\n    1 | a\n      | ^\nf:3:1: error[W1012]: third\n    3 | c\n"
        "      | ^\n");
}

TEST_CASE("diagnostics: columns are characters, and tabs keep the underline in place", "[spec]") {
  const SourceText source("f", "\tgrün: größe\n");
  Diagnostics diagnostics;
  diagnostics.error(source, {8, 7}, Code::kNone, "x");
  CHECK(diagnostics.all()[0].column == 8);
  CHECK(diagnostics.all()[0].length == 5);
  CHECK(diagnostics.render() == "f:1:8: error: x\n    1 | \tgrün: größe\n      | \t      ^^^^^\n");
}

TEST_CASE("diagnostics: a place at the end of the file or past it is shown", "[spec]") {
  const SourceText source("f", "abc");
  Diagnostics diagnostics;
  diagnostics.error(source, {3, 0}, Code::kNone, "end");
  diagnostics.error(source, {300, 10}, Code::kNone, "past");
  CHECK(diagnostics.all()[0].column == 4);
  CHECK(diagnostics.all()[1].column == 4);
  CHECK_FALSE(diagnostics.render().empty());
}

TEST_CASE("diagnostics: literal secrets are masked in what is shown", "[spec]") {
  SourceText source(
      "f", "a: { b: 1, password: \"${file:/x}hunter2\", c: 1 }\n  more\nword: tail${env:X}\n");
  // To the end of the line, since what a broken file means is not known; and what is deeper.
  CHECK(source.shown_line(1) == "a: { b: 1, password: *${file:/x}****************");
  CHECK(source.shown_line(2) == "  ****");
  CHECK(source.shown_line(3) == "word: tail${env:X}");
  source.mask({static_cast<std::uint32_t>(source.text().find("tail")), 12});
  CHECK(source.shown_line(3) == "word: ****${env:X}");
}

TEST_CASE("diagnostics: a name that is like a secret's is shown where it is known as one",
          "[spec]") {
  SourceText source("f",
                    "sources:\n  broken:\n    kafka: { topics: [t], properties: { token: x } }\n"
                    "  \"tokens\": { password: y }\n");
  CHECK(source.shown_line(3) == "    " + std::string(48, '*'));
  source.mask({static_cast<std::uint32_t>(source.text().find("[t]")) + 1, 1});
  source.show_names({static_cast<std::uint32_t>(source.text().find("broken")),
                     static_cast<std::uint32_t>(source.text().find("\"tokens"))});
  CHECK(source.shown_line(3) == "    kafka: { topics: [*], properties: { token: *****");
  CHECK(source.shown_line(4) == "  \"tokens\": { password: ***");
}

}  // namespace weir
