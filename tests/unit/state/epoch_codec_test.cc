#include <catch2/catch.hpp>

#include "state/epoch_codec.h"

namespace weir {
namespace {

const SplitId kSplit{"clicks", "clicks/0"};

EpochRecord sample(std::int64_t epoch) {
  EpochRecord record;
  record.epoch = EpochId{epoch};
  record.attempt = AttemptId{77};
  record.ranges.push_back({kSplit, {"3"}, {"8"}, 5});
  record.splits[kSplit] = {{"8"}, WallTime(std::chrono::microseconds(9)), true};
  record.watermark = WallTime(std::chrono::microseconds(9));
  record.clock = WallTime(std::chrono::microseconds(10));
  record.state_delta = std::string(10'000, 'd');
  record.followers["out"] = EpochId{4};
  return record;
}

const std::vector<OutboxRow> kRows = {{"out", "one"}, {"files", "two"}, {"out", "three"}};

TEST_CASE("epoch codec: a record reads back, and its digest covers the rows", "[state]") {
  EpochRecord record = sample(8);
  const std::string bytes = encode_epoch(record, kRows);
  REQUIRE(record.digest);
  CHECK(*decode_epoch(bytes, "D/8") == record);
  EpochRecord other = sample(8);
  encode_epoch(other, {{"out", "one"}, {"files", "two"}, {"out", "four"}});
  CHECK(other.digest != record.digest);
}

TEST_CASE("epoch codec: every flipped bit and every cut is found", "[state]") {
  EpochRecord record = sample(8);
  record.state_delta = "delta";
  const std::string good = encode_epoch(record, kRows);
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ static_cast<char>(1U << (i % 8)));
    CHECK_FALSE(decode_epoch(bad, "D/8"));
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(decode_epoch(good.substr(0, size), "D/8"));
  }
}

}  // namespace
}  // namespace weir
