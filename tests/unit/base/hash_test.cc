#include "base/hash.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

// Stores and cells hold these: another hash would make them another machine's, or damaged.
TEST_CASE("hash64: is XXH3-64 with seed 0, of every length", "[base]") {
  CHECK(hash64("") == 0x2d06800538d394c2);
  CHECK(hash64("a") == 0xe6c632b61e964e1f);
  CHECK(hash64("abc") == 0x78af5f94892f3950);
  CHECK(hash64("weir-epochs") == 0x4085aa0a781121a4);
  CHECK(hash64("0123456789abcdef0123456789") == 0x702d0f3829db3fa7);
  CHECK(hash64(std::string(200, 'x')) == 0x50ef124fb1e4de53);
}

TEST_CASE("crc32c: is Castagnoli's", "[base]") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);  // RFC 3720, B.4
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("to_hex16 and parse_hex16: sixteen lower-case digits, nothing else", "[base]") {
  CHECK(to_hex16(0) == "0000000000000000");
  CHECK(to_hex16(0xabcdef0123456789) == "abcdef0123456789");
  CHECK(parse_hex16("abcdef0123456789") == 0xabcdef0123456789);
  CHECK_FALSE(parse_hex16("ABCDEF0123456789"));
  CHECK_FALSE(parse_hex16("abcdef012345678"));
  CHECK_FALSE(parse_hex16("abcdef01234567890"));
  CHECK_FALSE(parse_hex16(""));
}

}  // namespace
}  // namespace weir
