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

}  // namespace
}  // namespace weir::kafka
