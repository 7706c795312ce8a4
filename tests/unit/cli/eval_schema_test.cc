#include "cli/eval_schema.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

std::string guess(std::initializer_list<std::string_view> lines) {
  SchemaGuess guess;
  for (const std::string_view line : lines) guess.learn(line);
  std::string out;
  const Schema schema = guess.schema();
  for (const Field& field : schema.fields()) {
    out += (out.empty() ? "" : ", ") + field.name + " " + to_string(field.type);
  }
  return out;
}

TEST_CASE("SchemaGuess: finds names and types in the order in which they come", "[cli]") {
  CHECK(guess({R"({"z":1,"a":"x","b":true,"n":1.5,"j":[1,{"k":"}"}]})"}) ==
        "z bigint, a text, b boolean, n numeric, j jsonb");
  CHECK(guess({R"( { "a" : { "x" : 1 } , "b\"c" : -7 } )"}) == "a jsonb, b\"c bigint");
  CHECK(guess({R"({"a":1})", R"({"b":1})"}) == "a bigint, b bigint");
  CHECK(guess({"{}"}).empty());
}

TEST_CASE("SchemaGuess: joins what several objects have", "[cli]") {
  CHECK(guess({R"({"a":1})", R"({"a":1.5})"}) == "a numeric");
  CHECK(guess({R"({"a":1e300})", R"({"a":1.5})"}) == "a double precision");
  CHECK(guess({R"({"a":9223372036854775808})"}) == "a numeric");
  CHECK(guess({R"({"a":1})", R"({"a":"1"})"}) == "a jsonb");
  CHECK(guess({R"({"a":null})", R"({"a":false})"}) == "a boolean");
  CHECK(guess({R"({"a":null})"}) == "a text");
}

TEST_CASE("SchemaGuess: leaves out what is no object", "[cli]") {
  CHECK(guess({"", "[1]", "7", R"({"a":1)", R"({"a":1} x)", R"({"b":2})"}) == "b bigint");
}

}  // namespace
}  // namespace weir
