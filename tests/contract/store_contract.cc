#include "contract/store_contract.h"

#include <catch2/catch.hpp>

namespace weir::test {
namespace {

using Rows = std::vector<std::string>;

void is_empty_at_first(StoreRig& rig) {
  const auto store = rig.open();
  const Result<StoreContents> contents = store->load();
  REQUIRE(contents);
  CHECK_FALSE(contents->lane);
  CHECK_FALSE(contents->prepared);
  CHECK(contents->epochs.empty());
}

void keeps_lane(StoreRig& rig) {
  for (const Sync sync : {Sync::kYes, Sync::kNo}) {
    LaneRecord lane = sample_lane();
    lane.clean_stop = sync == Sync::kNo;
    REQUIRE(rig.open()->put_lane(lane, sync));
    const auto store = rig.open();
    CHECK(store->load()->lane == lane);
    CHECK(store->load()->lane == lane);
  }
}

void replaces_lane(StoreRig& rig) {
  const auto store = rig.open();
  REQUIRE(store->put_lane(sample_lane(1), Sync::kYes));
  LaneRecord smaller = sample_lane(2);
  smaller.splits.clear();
  smaller.sources.clear();
  smaller.digest.reset();
  REQUIRE(store->put_lane(smaller, Sync::kNo));
  CHECK(store->load()->lane == smaller);
}

void clears(StoreRig& rig) {
  {
    const auto store = rig.open();
    REQUIRE(store->put_lane(sample_lane(), Sync::kYes));
    REQUIRE(store->clear());
    CHECK_FALSE(store->load()->lane);
  }
  CHECK_FALSE(rig.open()->load()->lane);
}

void has_nothing_to_drop(StoreRig& rig) {
  const auto store = rig.open();
  REQUIRE(store->put_lane(sample_lane(), Sync::kYes));
  REQUIRE(store->drop_above(EpochId{42}));
  REQUIRE(store->drop_folded(EpochId{42}));
  CHECK(store->load()->lane == sample_lane());
}

EpochRecord sample_epoch(std::int64_t epoch, std::uint64_t attempt = 7) {
  EpochRecord record;
  record.epoch = EpochId{epoch};
  record.attempt = AttemptId{attempt};
  record.ranges = {{{"in", "t/0"}, {"from"}, {"to"}, 12}};
  record.splits[{"in", "t/0"}] = {{"to"}, WallTime(std::chrono::microseconds(3)), true};
  record.watermark = WallTime(std::chrono::microseconds(4));
  record.clock = WallTime(std::chrono::microseconds(5));
  record.state_delta = std::string("delta\0bytes", 11);
  record.followers["mail"] = EpochId{epoch - 1};
  return record;
}

// Prepares epoch N and, when asked, says that it was decided.
EpochRecord prepare(EpochStore& store, std::int64_t epoch, const std::vector<OutboxRow>& rows,
                    bool decided) {
  REQUIRE(store.put_lane(sample_lane(epoch - 1), Sync::kYes));
  EpochRecord record = sample_epoch(epoch);
  REQUIRE(store.put_epoch(record, rows));
  if (decided) REQUIRE(store.put_lane(sample_lane(epoch), Sync::kNo));
  return record;
}

void keeps_what_is_prepared(StoreRig& rig) {
  EpochRecord record;
  {
    const auto store = rig.open();
    record = prepare(*store, 7, {{"mail", "row"}}, false);
    CHECK(record.digest);
  }
  const auto store = rig.open();
  const Result<StoreContents> contents = store->load();
  REQUIRE(contents);
  CHECK(contents->prepared == record);
  CHECK(contents->epochs == std::vector{EpochId{7}});
  CHECK(store->get_epoch(EpochId{7}).value() == record);
  CHECK_FALSE(store->get_epoch(EpochId{8}));
}

void digests_tell_apart(StoreRig& rig) {
  const auto store = rig.open();
  std::vector<std::optional<Digest>> digests;
  const auto digest_of = [&](EpochRecord record, const std::vector<OutboxRow>& rows) {
    REQUIRE(store->put_lane(sample_lane(6), Sync::kYes));
    REQUIRE(store->put_epoch(record, rows));
    REQUIRE(store->drop_above(EpochId{6}));
    return record.digest;
  };
  EpochRecord other_delta = sample_epoch(7);
  other_delta.state_delta += "x";
  const auto digest = digest_of(sample_epoch(7), {{"mail", "row"}});
  CHECK(digest_of(sample_epoch(7), {{"mail", "row"}}) == digest);
  CHECK(digest_of(sample_epoch(7, 8), {{"mail", "row"}}) != digest);
  CHECK(digest_of(other_delta, {{"mail", "row"}}) != digest);
  CHECK(digest_of(sample_epoch(7), {{"mail", "other"}}) != digest);
  CHECK(digest_of(sample_epoch(7), {}) != digest);
}

void drops_what_was_not_decided(StoreRig& rig) {
  {
    const auto store = rig.open();
    prepare(*store, 7, {{"mail", "decided"}}, true);
    prepare(*store, 8, {{"mail", "undecided"}}, false);
    REQUIRE(store->drop_above(EpochId{7}));
  }
  const auto store = rig.open();
  const Result<StoreContents> contents = store->load();
  REQUIRE(contents);
  CHECK_FALSE(contents->prepared);
  CHECK(contents->epochs == std::vector{EpochId{7}});
  // Its rows are gone too, and do not appear when the epoch is decided in another try.
  prepare(*store, 8, {}, true);
  CHECK(store->outbox("mail", EpochId{8})->empty());
  CHECK(store->outbox("mail", EpochId{7}).value() == Rows{"decided"});
}

void log_of_decided_epochs(StoreRig& rig) {
  const auto store = rig.open();
  for (std::int64_t epoch = 1; epoch <= 4; ++epoch) prepare(*store, epoch, {}, true);
  CHECK(store->load()->epochs == std::vector{EpochId{1}, EpochId{2}, EpochId{3}, EpochId{4}});
  CHECK_FALSE(store->load()->prepared);
  REQUIRE(store->drop_folded(EpochId{2}));
  CHECK(store->load()->epochs == std::vector{EpochId{3}, EpochId{4}});
  CHECK_FALSE(store->get_epoch(EpochId{2}));
  CHECK(store->get_epoch(EpochId{3}));
}

void decides_in_one_batch(StoreRig& rig) {
  {
    const auto store = rig.open();
    EpochRecord record;
    record.epoch = EpochId{7};
    record.attempt = AttemptId{3};
    LaneRecord lane = sample_lane(7);
    lane.digest.reset();
    REQUIRE(store->put_decided(record, {{"mail", "row"}}, lane));
    CHECK(record.digest);
    CHECK(lane.digest == record.digest);
    CHECK(store->outbox_bytes("mail") > 0);
  }
  const auto store = rig.open();
  const Result<StoreContents> contents = store->load();
  REQUIRE(contents);
  CHECK(contents->lane->epoch == EpochId{7});
  CHECK(contents->lane->digest == store->get_epoch(EpochId{7})->digest);
  CHECK_FALSE(contents->prepared);
  CHECK(store->outbox("mail", EpochId{7}).value() == Rows{"row"});
}

void shows_decided_rows_only(StoreRig& rig) {
  const auto store = rig.open();
  prepare(*store, 7, {{"mail", "1"}, {"audit", "x"}, {"mail", "2"}}, false);
  CHECK(store->outbox("mail", EpochId{7})->empty());
  REQUIRE(store->put_lane(sample_lane(7), Sync::kNo));
  CHECK(store->outbox("mail", EpochId{7}).value() == Rows{"1", "2"});
  CHECK(store->outbox("audit", EpochId{7}).value() == Rows{"x"});
  CHECK(store->outbox("nobody", EpochId{7})->empty());
}

void forgets_delivered_rows(StoreRig& rig) {
  {
    const auto store = rig.open();
    for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
      prepare(*store, epoch, {{"mail", std::to_string(epoch)}, {"audit", "x"}}, true);
    }
    CHECK(store->acknowledged("mail").value() == EpochId{});
    REQUIRE(store->acknowledge("mail", EpochId{2}));
  }
  const auto store = rig.open();
  REQUIRE(store->load());
  CHECK(store->acknowledged("mail").value() == EpochId{2});
  CHECK(store->acknowledged("audit").value() == EpochId{});
  CHECK(store->outbox("mail", EpochId{1})->empty());
  CHECK(store->outbox("mail", EpochId{2})->empty());
  CHECK(store->outbox("mail", EpochId{3}).value() == Rows{"3"});
  CHECK(store->outbox("audit", EpochId{1}).value() == Rows{"x"});
}

void clears_everything(StoreRig& rig) {
  const auto store = rig.open();
  prepare(*store, 7, {{"mail", "row"}}, true);
  REQUIRE(store->acknowledge("audit", EpochId{7}));
  REQUIRE(store->clear());
  CHECK(store->outbox_bytes("mail") == 0);
  CHECK(store->load()->epochs.empty());
  CHECK(store->acknowledged("audit").value() == EpochId{});
  prepare(*store, 7, {}, true);
  CHECK(store->outbox("mail", EpochId{7})->empty());
}

}  // namespace

LaneRecord sample_lane(std::int64_t epoch) {
  LaneRecord lane;
  lane.id = {"weir", "clicks", "0"};
  lane.owner = OwnerId{5};
  lane.owner_next = OwnerId{6};
  lane.epoch = EpochId{epoch};
  lane.attempt = AttemptId{77};
  lane.digest = Digest{9};
  lane.light = false;
  lane.clean_stop = true;
  lane.plan = PlanHash{8};
  lane.decider = {DeciderKind::kKafka, "id", "main", "k1:9092", "weir-epochs", "weir.clicks.0"};
  lane.sources["in"] = {"id", {{"t/0", {"end"}}}};
  lane.splits[{"in", "t/0"}] = {{"bytes"}, WallTime(std::chrono::microseconds(5)), true};
  lane.splits[{"in", "t/1"}].position = {"more"};
  lane.watermark = WallTime(std::chrono::microseconds(6));
  lane.clock = WallTime(std::chrono::microseconds(7));
  return lane;
}

Contract<StoreRig> lane_store_contract() {
  return {
      {"it is empty at first", &is_empty_at_first},
      {"LANE is there after it is opened again", &keeps_lane},
      {"LANE is replaced as a whole", &replaces_lane},
      {"clear() leaves nothing", &clears},
      {"dropping epochs that are not there changes nothing", &has_nothing_to_drop},
  };
}

Contract<StoreRig> epoch_store_contract() {
  return {
      {"a prepared epoch is there after it is opened again", &keeps_what_is_prepared},
      {"digests tell attempts, deltas and rows apart", &digests_tell_apart},
      {"an epoch that was not decided is dropped with its rows", &drops_what_was_not_decided},
      {"decided epochs are a log, until they are folded", &log_of_decided_epochs},
      {"a follower sees rows of decided epochs only, its own, in order", &shows_decided_rows_only},
      {"acknowledged rows are gone, and the cursor stays", &forgets_delivered_rows},
      {"LANE and D of a local decision are there together", &decides_in_one_batch},
      {"clear() leaves no epoch, row or cursor", &clears_everything},
  };
}

}  // namespace weir::test
