#include "connectors/kafka/cell.h"

#include <catch2/catch.hpp>

#include "connectors/kafka/position.h"

namespace weir::kafka {
namespace {

Cell sample() {
  Cell cell;
  cell.id = {"weir", "clicks", "0"};
  cell.epoch = EpochId{42};
  cell.attempt = AttemptId{0xabc};
  cell.owner = OwnerId{7};
  cell.plan = PlanHash{9};
  cell.host = "worker-1.example";
  cell.claimed_at = std::chrono::sys_seconds(std::chrono::seconds(1'795'000'000));
  return cell;
}

TEST_CASE("cell: metadata reads back, with and without a digest", "[kafka]") {
  Cell cell = sample();
  CHECK(encode_cell(cell) ==
        "w2;weir;clicks;0;42;0000000000000abc;0000000000000007;-;0000000000000009;worker-1.example;"
        "1795000000");
  CHECK(parse_cell(encode_cell(cell)) == cell);
  cell.digest = Digest{0xff};
  CHECK(parse_cell(encode_cell(cell)) == cell);
}

TEST_CASE("cell: metadata of the longest names stays within 256 bytes", "[kafka]") {
  Cell cell = sample();
  cell.id = {std::string(48, 'i'), std::string(48, 'j'), "0"};
  cell.epoch = EpochId{INT64_MAX};
  cell.digest = Digest{UINT64_MAX};
  cell.host = std::string(300, 'h');
  CHECK(encode_cell(cell).size() <= 256);
}

TEST_CASE("cell: a host is cut and cleaned", "[kafka]") {
  Cell cell = sample();
  cell.host = "a;b c\n" + std::string(60, 'x');
  const std::optional<Cell> parsed = parse_cell(encode_cell(cell));
  REQUIRE(parsed);
  CHECK(parsed->host == "a_b_c_" + std::string(34, 'x'));
}

TEST_CASE("cell: what weir did not write is refused", "[kafka]") {
  for (const char* foreign :
       {"", "hello", "w2", "w3;weir;clicks;0;42;0;0;-;0;h;1",
        "w2;weir;clicks;0;x;0000000000000abc;0000000000000007;-;0000000000000009;h;1",
        "w2;weir;clicks;0;42;0000000000000ABC;0000000000000007;-;0000000000000009;h;1",
        "w2;weir;clicks;0;42;0000000000000abc;0000000000000007;;0000000000000009;h;1"}) {
    CHECK_FALSE(parse_cell(foreign));
  }
}

TEST_CASE("mirror: metadata reads back and foreign text is refused", "[kafka]") {
  const MirrorMetadata mirror{{"weir", "clicks", EpochId{5}}, 0x1234};
  const std::optional<MirrorMetadata> parsed = parse_mirror(encode_mirror(mirror));
  REQUIRE(parsed);
  CHECK(parsed->mark == mirror.mark);
  CHECK(parsed->tail_fp == 0x1234);
  CHECK_FALSE(parse_mirror("w2m;weir;clicks;5"));
  CHECK_FALSE(parse_mirror("w2;weir;clicks;5;0000000000001234"));
}

TEST_CASE("position: bytes read back, others are refused", "[kafka]") {
  const PartitionPosition position{.next = 12, .tail_offset = 10, .tail_fp = 99};
  CHECK(decode_position(encode_position(position)) == position);
  CHECK_FALSE(decode_position({""}));
  CHECK_FALSE(decode_position({encode_position(position).bytes + "x"}));
}

TEST_CASE("split: names read back", "[kafka]") {
  CHECK(parse_split("a.b/12") == TopicPartition{"a.b", 12});
  CHECK_FALSE(parse_split("a.b"));
  CHECK_FALSE(parse_split("/1"));
  CHECK_FALSE(parse_split("a/-1"));
  CHECK_FALSE(parse_split("a/1x"));
}

}  // namespace
}  // namespace weir::kafka
