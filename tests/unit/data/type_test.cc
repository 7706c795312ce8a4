#include "data/type.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

TEST_CASE("parse_type: reads back what to_string prints") {
  for (const TypeKind kind : type_kinds()) {
    const Type type{.kind = kind};
    CAPTURE(to_string(type));
    CHECK(parse_type(to_string(type)) == type);
    CHECK(type_names().find(to_string(type)) != std::string_view::npos);
  }
  const Type money{.kind = TypeKind::kNumeric, .precision = 12, .scale = 2};
  CHECK(to_string(money) == "numeric(12,2)");
  CHECK(parse_type("numeric(12,2)") == money);
}

TEST_CASE("parse_type: takes PostgreSQL's aliases in any case and with any blanks") {
  const auto kind = [](std::string_view name) { return parse_type(name).value().kind; };
  CHECK(kind("INT") == TypeKind::kInteger);
  CHECK(kind("int4") == TypeKind::kInteger);
  CHECK(kind("int8") == TypeKind::kBigint);
  CHECK(kind("float8") == TypeKind::kDouble);
  CHECK(kind(" double \t precision ") == TypeKind::kDouble);
  CHECK(kind("bool") == TypeKind::kBoolean);
  CHECK(kind("varchar") == TypeKind::kText);
  CHECK(kind("character varying") == TypeKind::kText);
  CHECK(kind("timestamp with time zone") == TypeKind::kTimestamptz);
  CHECK(kind("timestamp without time zone") == TypeKind::kTimestamp);
  CHECK(kind("int2") == TypeKind::kSmallint);
  CHECK(kind("float4") == TypeKind::kReal);
  CHECK(parse_type("decimal ( 10 , 4 )") ==
        Type{.kind = TypeKind::kNumeric, .precision = 10, .scale = 4});
  CHECK(parse_type("numeric(7)") == Type{.kind = TypeKind::kNumeric, .precision = 7});
}

TEST_CASE("parse_type: refuses what is no type or no modifier") {
  for (const std::string_view name : {"",
                                      " ",
                                      "(",
                                      ")",
                                      "()",
                                      "integr",
                                      "numeric()",
                                      "numeric(",
                                      "numeric(0)",
                                      "numeric(39)",
                                      "numeric(10,11)",
                                      "numeric(10,-1)",
                                      "numeric(10,2,1)",
                                      "numeric(a)",
                                      "numeric(1 0)",
                                      "integer(4)",
                                      "varchar(10)",
                                      "numeric(10,)",
                                      "text[]",
                                      "timestamp(3)",
                                      "interval day",
                                      "json"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_type(name).has_value());
  }
}

}  // namespace
}  // namespace weir
