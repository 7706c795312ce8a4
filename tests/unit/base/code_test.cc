#include "base/code.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

TEST_CASE("parse_code: reads a number as people write it", "[base]") {
  CHECK(parse_code("W5001") == Code::kOtherOwner);
  CHECK(parse_code("w5001") == Code::kOtherOwner);
  CHECK(parse_code("5001") == Code::kOtherOwner);
  CHECK_FALSE(parse_code("W9999"));
  CHECK_FALSE(parse_code("W50011"));
  CHECK_FALSE(parse_code("W"));
  CHECK_FALSE(parse_code(""));
  CHECK(to_string(Code::kOtherOwner) == "W5001");
  CHECK(to_string(Code::kNone).empty());
}

TEST_CASE("code_pages: rise, have all their parts, and find themselves", "[base]") {
  std::uint16_t last = 0;
  for (const CodePage& page : code_pages()) {
    const auto number = static_cast<std::uint16_t>(page.code);
    CAPTURE(number);
    CHECK(number > last);
    last = number;
    CHECK_FALSE(page.title.empty());
    CHECK_FALSE(page.cause.empty());
    CHECK_FALSE(page.cure.empty());
    CHECK(parse_code(to_string(page.code)) == page.code);
    CHECK(code_name(page.code) == page.name);
    CHECK(page.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") ==
          std::string_view::npos);
  }
}

}  // namespace
}  // namespace weir
