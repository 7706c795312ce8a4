#include "connectors/kafka/position.h"

#include <catch2/catch.hpp>
#include <limits>

namespace weir::kafka {
namespace {

TEST_CASE("decode_position: reads back what encode_position wrote", "[kafka]") {
  const PartitionPosition position{.next = 42, .tail_offset = 40, .tail_fp = 0xfeedU};
  CHECK(decode_position(encode_position(position)) == position);
  CHECK(decode_position(encode_position({})) == PartitionPosition{});
}

TEST_CASE("decode_position: refuses other bytes", "[kafka]") {
  const Position good = encode_position({.next = 42, .tail_offset = 40, .tail_fp = 1});
  CHECK_FALSE(decode_position({}));
  CHECK_FALSE(decode_position({"x"}));
  CHECK_FALSE(decode_position({good.bytes + "x"}));
  CHECK_FALSE(decode_position({good.bytes.substr(1)}));
  CHECK_FALSE(decode_position({"\x02" + good.bytes.substr(1)}));
  CHECK_FALSE(decode_position(encode_position({.next = -1, .tail_offset = -1, .tail_fp = 0})));
}

TEST_CASE("tail_fingerprint: tells apart every part of a record", "[kafka]") {
  const std::uint64_t base = tail_fingerprint(7, 1000, "k", "v");
  CHECK(base == tail_fingerprint(7, 1000, "k", "v"));
  CHECK(base != tail_fingerprint(8, 1000, "k", "v"));
  CHECK(base != tail_fingerprint(7, 1001, "k", "v"));
  CHECK(base != tail_fingerprint(7, 1000, "kv", ""));
  CHECK(base != tail_fingerprint(7, 1000, "", "kv"));
  CHECK(base != 0);
}

TEST_CASE("record_micros: times that a timestamptz does not hold are none", "[kafka]") {
  CHECK(record_micros(1'700'000'000'000) == 1'700'000'000'000'000);
  CHECK(record_micros(9'223'372'036'854'775) == 9'223'372'036'854'775'000);
  // The year 300000.
  CHECK(record_micros(9'404'904'403'200'000) == 0);
  CHECK(record_micros(std::numeric_limits<std::int64_t>::max()) == 0);
  CHECK(record_micros(-1) == 0);
}

TEST_CASE("parse_split: reads back what split_name wrote", "[kafka]") {
  const TopicPartition partition{"payments.v1", 12};
  CHECK(split_name(partition) == "payments.v1/12");
  CHECK(parse_split("payments.v1/12") == partition);
}

TEST_CASE("parse_split: refuses what is no partition", "[kafka]") {
  for (const char* text : {"", "/", "/3", "topic", "topic/", "topic/x", "topic/-1", "topic/3x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_split(text));
  }
}

// They stand in stores and in groups: other bytes, or another hash, would be HALT source_rewritten.
TEST_CASE("position and tail fingerprint: are these bytes and this hash", "[kafka]") {
  const PartitionPosition position{.next = 13, .tail_offset = 12, .tail_fp = 0x1122334455667788};
  const char kBytes[] = "\x01\x0d\0\0\0\0\0\0\0\x0c\0\0\0\0\0\0\0\x88\x77\x66\x55\x44\x33\x22\x11";
  CHECK(encode_position(position).bytes == std::string(kBytes, 25));
  CHECK(tail_fingerprint(12, 1'700'000'000'000, "k", "value") == 0xebc68c53d350bacd);
}

}  // namespace
}  // namespace weir::kafka
