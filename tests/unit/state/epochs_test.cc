#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "state/epoch_codec.h"
#include "state/rocksdb_store.h"

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

LaneRecord lane_at(std::int64_t epoch) {
  LaneRecord lane;
  lane.id = {"weir", "clicks", "0"};
  lane.epoch = EpochId{epoch};
  lane.light = false;
  return lane;
}

const std::vector<OutboxRow> kRows = {{"out", "one"}, {"files", "two"}, {"out", "three"}};

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-epochs-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::unique_ptr<EpochStore> open() const {
    auto store = open_rocksdb_store(path + "/db");
    REQUIRE(store);
    return std::move(*store);
  }
  std::string path;
};

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

TEST_CASE("store: D/<L+1> is prepared after it is opened again, with its rows", "[state]") {
  const Folder folder;
  EpochRecord record = sample(8);
  {
    const auto store = folder.open();
    REQUIRE(store->load());
    REQUIRE(store->put_lane(lane_at(7), Sync::kYes));
    REQUIRE(store->put_epoch(record, kRows));
  }
  const auto store = folder.open();
  const auto contents = store->load();
  REQUIRE(contents);
  CHECK(contents->prepared == record);
  CHECK(*store->outbox("out", EpochId{8}) == std::vector<std::string>{"one", "three"});
  CHECK(*store->outbox("files", EpochId{8}) == std::vector<std::string>{"two"});
  CHECK(store->outbox_bytes("out") > 0);
}

TEST_CASE("store: an undecided epoch is dropped with its rows", "[state]") {
  const Folder folder;
  const auto store = folder.open();
  REQUIRE(store->load());
  REQUIRE(store->put_lane(lane_at(7), Sync::kYes));
  EpochRecord record = sample(8);
  REQUIRE(store->put_epoch(record, kRows));
  REQUIRE(store->drop_above(EpochId{7}));
  CHECK_FALSE(store->load()->prepared);
  CHECK(store->outbox("out", EpochId{8})->empty());
  CHECK(store->outbox_bytes("out") == 0);
}

TEST_CASE("store: a follower's cursor is kept, and what it has is deleted", "[state]") {
  const Folder folder;
  {
    const auto store = folder.open();
    REQUIRE(store->load());
    for (const std::int64_t epoch : {8, 9}) {
      EpochRecord record = sample(epoch);
      REQUIRE(store->put_epoch(record, kRows));
    }
    CHECK(*store->acknowledged("out") == EpochId{0});
    REQUIRE(store->acknowledge("out", EpochId{8}));
  }
  const auto store = folder.open();
  REQUIRE(store->load());
  CHECK(*store->acknowledged("out") == EpochId{8});
  CHECK(store->outbox("out", EpochId{8})->empty());
  CHECK(store->outbox("out", EpochId{9})->size() == 2);
  CHECK(store->outbox("files", EpochId{8})->size() == 1);
}

TEST_CASE("store: decided in one batch, LANE and D agree", "[state]") {
  const Folder folder;
  EpochRecord record = sample(8);
  LaneRecord lane = lane_at(8);
  {
    const auto store = folder.open();
    REQUIRE(store->load());
    REQUIRE(store->put_decided(record, kRows, lane));
    CHECK(lane.digest == record.digest);
    REQUIRE(store->drop_folded(EpochId{7}));
  }
  const auto store = folder.open();
  const auto contents = store->load();
  CHECK(contents->lane == lane);
  CHECK(contents->epochs == std::vector<EpochId>{EpochId{8}});
  CHECK(*store->get_epoch(EpochId{8}) == record);
  CHECK(store->get_epoch(EpochId{7}).error().code() == Code::kStateLost);
}

TEST_CASE("store: cleared, nothing is left of the lane", "[state]") {
  const Folder folder;
  const auto store = folder.open();
  REQUIRE(store->load());
  EpochRecord record = sample(8);
  LaneRecord lane = lane_at(8);
  REQUIRE(store->put_decided(record, kRows, lane));
  REQUIRE(store->acknowledge("out", EpochId{8}));
  REQUIRE(store->clear());
  const auto contents = store->load();
  CHECK_FALSE(contents->lane);
  CHECK(contents->epochs.empty());
  CHECK(store->outbox("files", EpochId{8})->empty());
  CHECK(*store->acknowledged("out") == EpochId{0});
}

}  // namespace
}  // namespace weir
