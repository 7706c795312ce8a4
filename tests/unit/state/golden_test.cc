#include <catch2/catch.hpp>

#include "state/epoch_codec.h"
#include "state/lane_codec.h"
#include "state/marker_codec.h"
#include "state/record_parts.h"

// The bytes that stores hold, made by hand after the grammars in the headers: an encoder and its
// decoder that change together would pass every other test, and open no store of before.

namespace weir {
namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::string bytes_of(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

WallTime at(std::int64_t microseconds) { return WallTime(std::chrono::microseconds(microseconds)); }

const std::string kLane =
    "5603bf6503040000007765697206000000636c69636b730100000030050000000000000006000000"
    "000000002a000000000000004d000000000000000109000000000000000101080000000000000001"
    "020000006964040000006d61696e070000006b313a393039320b000000776569722d65706f636873"
    "0d000000776569722e636c69636b732e300100000002000000696e02000000696401000000030000"
    "00742f3003000000656e640200000002000000696e03000000742f30050000006279746573010500"
    "0000000000000102000000696e03000000742f31040000006d6f7265000001040000000000000003"
    "000000000000000100000002000000696e03000000742f3002000000010000006101000000620100"
    "000002000000696e060000006c6174657374";
// Written before ends had a text.
const std::string kLane2 =
    "481d72d902040000007765697206000000636c69636b730100000030050000000000000006000000"
    "000000002a000000000000004d000000000000000109000000000000000101080000000000000001"
    "020000006964040000006d61696e070000006b313a393039320b000000776569722d65706f636873"
    "0d000000776569722e636c69636b732e300100000002000000696e02000000696401000000030000"
    "00742f3003000000656e640200000002000000696e03000000742f30050000006279746573010500"
    "0000000000000102000000696e03000000742f31040000006d6f7265000001040000000000000003"
    "000000000000000100000002000000696e03000000742f300200000001000000610100000062";

const std::string kEpoch =
    "e8134e8501070000000000000003000000000000000100000002000000696e03000000742f300100"
    "000061010000006202000000000000000100000002000000696e03000000742f3001000000620001"
    "01040000000000000005000000000000000500000064656c746101000000040000006d61696c0600"
    "00000000000079aaab860647f580";

TEST_CASE("lane codec: format 3 is these bytes, and format 2 still reads", "[state]") {
  LaneRecord lane;
  lane.id = {"weir", "clicks", "0"};
  lane.owner = OwnerId{5};
  lane.owner_next = OwnerId{6};
  lane.epoch = EpochId{42};
  lane.attempt = AttemptId{77};
  lane.digest = Digest{9};
  lane.light = true;
  lane.clean_stop = true;
  lane.plan = PlanHash{8};
  lane.decider = {DeciderKind::kKafka, "id", "main", "k1:9092", "weir-epochs", "weir.clicks.0"};
  lane.sources["in"] = {"id", {{"t/0", {"end"}}}, "latest"};
  lane.splits[{"in", "t/0"}] = {{"bytes"}, at(5), true};
  lane.splits[{"in", "t/1"}].position = {"more"};
  lane.watermark = at(4);
  lane.clock = at(3);
  lane.skips[{"in", "t/0"}] = {{"a"}, {"b"}};
  CHECK(hex(encode_lane(lane)) == kLane);
  const Result<LaneRecord> decoded = decode_lane(bytes_of(kLane));
  REQUIRE(decoded);
  CHECK(*decoded == lane);
  const Result<LaneRecord> before = decode_lane(bytes_of(kLane2));
  REQUIRE(before);
  lane.sources["in"].end.clear();
  CHECK(*before == lane);
}

TEST_CASE("epoch codec: format 1 is these bytes, and this digest", "[state]") {
  EpochRecord record;
  record.epoch = EpochId{7};
  record.attempt = AttemptId{3};
  record.ranges.push_back({{"in", "t/0"}, {"a"}, {"b"}, 2});
  record.splits[{"in", "t/0"}] = {{"b"}, {}, true};
  record.watermark = at(4);
  record.clock = at(5);
  record.state_delta = "delta";
  record.followers["mail"] = EpochId{6};
  CHECK(hex(encode_epoch(record, {{"mail", "row"}})) == kEpoch);
  CHECK(record.digest == Digest{0x80f5470686abaa79});
  const Result<EpochRecord> decoded = decode_epoch(bytes_of(kEpoch), "D/7");
  REQUIRE(decoded);
  CHECK(*decoded == record);
}

TEST_CASE("marker codec: format 1 is these bytes, and no other version's", "[state]") {
  const std::string marker = "1d35be6d01020000002f6d06000000626f6f742f37";
  const MarkerRecord record{"/m", "boot/7"};
  CHECK(hex(encode_marker(record)) == marker);
  CHECK(*decode_marker(bytes_of(marker)) == record);
  std::string flipped = bytes_of(marker);
  for (char& byte : flipped) {
    byte = static_cast<char>(byte ^ 1);
    CHECK(decode_marker(flipped).error().code() == Code::kCorruptStore);
    byte = static_cast<char>(byte ^ 1);
  }
  const Result<MarkerRecord> newer = decode_marker(with_checksum("\x02more"));
  REQUIRE_FALSE(newer);
  CHECK(newer.error().action() == Action::kStopJob);
}

TEST_CASE("outbox codec: format 1 is these bytes", "[state]") {
  const std::string rows = "7c133ab50102000000030000006f6e650300000074776f";
  CHECK(hex(encode_outbox({"one", "two"})) == rows);
  CHECK(*decode_outbox(bytes_of(rows), "OUT/7/mail") == std::vector<std::string>{"one", "two"});
}

}  // namespace
}  // namespace weir
