#include "support/fake_disk.h"

#include <catch2/catch.hpp>

#include "contract/store_contract.h"
#include "support/fake_epoch_store.h"

namespace weir::test {
namespace {

class Failing final : public Interrupts {
 public:
  using Interrupts::Interrupts;
  bool fails = false;
  Fault fault(const char* /*where*/) override { return fails ? Fault::kRefused : Fault::kNone; }
};

struct Machine {
  std::unique_ptr<EpochStore> open() { return open_fake_store(disk, interrupts); }
  std::int64_t epoch() { return open()->load()->lane.value_or(LaneRecord{}).epoch.value(); }

  ManualClock clock;
  Failing interrupts{clock};
  FakeDisk disk;
};

TEST_CASE("FakeDisk: a sync holds, and what follows it may be lost from its end", "[support]") {
  Machine machine;
  REQUIRE(machine.open()->put_lane(sample_lane(1), Sync::kNo));
  REQUIRE(machine.open()->put_lane(sample_lane(2), Sync::kYes));
  REQUIRE(machine.open()->put_lane(sample_lane(3), Sync::kNo));
  REQUIRE(machine.open()->put_lane(sample_lane(4), Sync::kNo));
  CHECK(machine.epoch() == 4);  // a killed process alone loses nothing
  REQUIRE(machine.disk.unsynced() == 2);
  const std::size_t kept = GENERATE(0U, 1U, 2U);
  machine.disk.lose_power(kept);
  CHECK(machine.epoch() == 2 + static_cast<std::int64_t>(kept));
  machine.disk.lose_power(0);
  CHECK(machine.epoch() == 2 + static_cast<std::int64_t>(kept));
}

TEST_CASE("FakeDisk: an older copy can be put back", "[support]") {
  Machine machine;
  REQUIRE(machine.open()->put_lane(sample_lane(1), Sync::kYes));
  const FakeDisk backup = machine.disk;
  REQUIRE(machine.open()->put_lane(sample_lane(2), Sync::kYes));
  machine.disk = backup;
  CHECK(machine.epoch() == 1);
}

TEST_CASE("FakeEpochStore: a damaged record halts by name", "[support]") {
  Machine machine;
  REQUIRE(machine.open()->put_lane(sample_lane(1), Sync::kYes));
  machine.disk.damage("LANE");
  const Result<StoreContents> contents = machine.open()->load();
  REQUIRE_FALSE(contents);
  CHECK(contents.error().action() == Action::kHalt);
  CHECK(contents.error().code() == Code::kCorruptStore);
  CHECK(contents.error().message().find("LANE") != std::string::npos);
}

TEST_CASE("FakeEpochStore: after a failed sync nothing more is written until it is opened again",
          "[support]") {
  Machine machine;
  const auto store = machine.open();
  REQUIRE(store->put_lane(sample_lane(1), Sync::kYes));
  machine.interrupts.fails = true;
  const Result<> failed = store->put_lane(sample_lane(2), Sync::kYes);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().action() == Action::kStopJob);
  machine.interrupts.fails = false;
  CHECK_FALSE(store->put_lane(sample_lane(3), Sync::kYes));
  CHECK_FALSE(store->load());
  // Whether the write that failed is there is a matter of luck.
  machine.disk.lose_power(GENERATE(0U, 1U));
  const std::int64_t epoch = machine.epoch();
  CHECK((epoch == 1 || epoch == 2));
  CHECK(machine.open()->put_lane(sample_lane(4), Sync::kYes));
}

}  // namespace
}  // namespace weir::test
