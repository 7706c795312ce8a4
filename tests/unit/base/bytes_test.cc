#include "base/bytes.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

TEST_CASE("ByteWriter: little-endian numbers, strings behind their length", "[base]") {
  ByteWriter out;
  out.u8(1);
  out.u32(0x01020304);
  out.i64(-2);
  out.str("ab");
  CHECK(out.bytes() == std::string("\x01\x04\x03\x02\x01\xfe\xff\xff\xff\xff\xff\xff\xff"
                                   "\x02\x00\x00\x00"
                                   "ab",
                                   19));
}

TEST_CASE("ByteReader: reads what was written, and says when there is less", "[base]") {
  ByteWriter out;
  out.u64(0x1122334455667788);
  out.str("text");
  const std::string bytes = out.take();
  ByteReader in(bytes);
  CHECK(in.u64() == 0x1122334455667788);
  CHECK(in.ok());
  CHECK_FALSE(in.done());
  CHECK(in.str() == "text");
  CHECK(in.done());
  CHECK(in.u8() == 0);
  CHECK_FALSE(in.ok());
}

TEST_CASE("ByteReader: a length that lies reads nothing", "[base]") {
  ByteWriter out;
  out.u32(1000);
  out.raw("short");
  const std::string bytes = out.take();
  ByteReader in(bytes);
  CHECK(in.str().empty());
  CHECK_FALSE(in.ok());
  CHECK(in.left() == 0);
}

}  // namespace
}  // namespace weir
