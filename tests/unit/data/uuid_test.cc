#include "data/uuid.h"

#include <catch2/catch.hpp>

#include "data/base64.h"

namespace weir {
namespace {

std::string again(std::string_view text) {
  const std::optional<Uuid> uuid = parse_uuid(text);
  if (!uuid) return "nothing";
  std::string out;
  append_uuid(out, *uuid);
  return out;
}

TEST_CASE("parse_uuid: reads PostgreSQL's forms and nothing else", "[data]") {
  const std::string usual = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  CHECK(again(usual) == usual);
  CHECK(again("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11") == usual);
  CHECK(again("a0eebc999c0b4ef8bb6d6bb9bd380a11") == usual);
  CHECK(again("{a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11}") == usual);
  for (const std::string_view text :
       {"", "{", "{}", "a0eebc99", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111", "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0-eebc999c0b4ef8bb6d6bb9bd380a11"}) {
    CAPTURE(text);
    CHECK(again(text) == "nothing");
  }
}

TEST_CASE("Uuid: is ordered by its bytes", "[data]") {
  CHECK(parse_uuid("00000000-0000-0000-0000-0000000000ff").value() <
        parse_uuid("00000000-0000-0000-0000-000000000100").value());
  CHECK(parse_uuid("ff000000-0000-0000-0000-000000000000").value() >
        parse_uuid("01000000-0000-0000-0000-000000000000").value());
}

TEST_CASE("base64: reads back what it writes", "[data]") {
  std::string bytes;
  for (int size = 0; size < 70; ++size) {
    std::string text;
    append_base64(text, bytes);
    CHECK(text.size() == (bytes.size() + 2) / 3 * 4);
    CHECK(parse_base64(text) == bytes);
    bytes += static_cast<char>(size * 37);
  }
}

TEST_CASE("base64: refuses what is none", "[data]") {
  CHECK(parse_base64("AP9c") == std::string("\0\xff\x5c", 3));
  CHECK(parse_base64("AP\n8=") == std::string("\0\xff", 2));
  for (const std::string_view text : {"A", "AP", "AP9", "AP9=c", "=", "A===", "AP-c", "AP9c="}) {
    CAPTURE(text);
    CHECK_FALSE(parse_base64(text));
  }
  CHECK(parse_hex("00 fF") == std::string("\0\xff", 2));
  CHECK_FALSE(parse_hex("0"));
  CHECK_FALSE(parse_hex("0 0"));
}

}  // namespace
}  // namespace weir
