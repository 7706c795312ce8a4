#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>

#include "contract/cluster_rig.h"
#include "contract/delta_log_contract.h"
#include "contract/follower_contract.h"
#include "contract/state_contract.h"
#include "contract/store_contract.h"
#include "support/fake_cluster_rig.h"
#include "support/fake_delta_log.h"
#include "support/fake_epoch_store.h"
#include "support/fake_follower_sink.h"
#include "support/fake_keyed_state.h"
#include "support/mutant_decider.h"

namespace weir::test {
namespace {

template <class Rig>
void keep(const Contract<ClusterRig>& contract) {
  for (const auto& clause : contract) {
    DYNAMIC_SECTION(clause.says) {
      Rig rig;
      clause.check(rig);
    }
  }
}

TEST_CASE("FakeDecider: keeps the contract of Decider", "[support]") {
  keep<FakeClusterRig>(decider_contract());
}
class MutantRig final : public FakeClusterRig {
 public:
  LaneUnderTest lane(const std::string& topic) override {
    LaneUnderTest lane = FakeClusterRig::lane(topic);
    lane.make_decider = [make = lane.make_decider]() -> Result<std::unique_ptr<Decider>> {
      WEIR_ASSIGN(auto real, make());
      return std::unique_ptr<Decider>(std::make_unique<TimeoutIsAbsent>(std::move(real)));
    };
    return lane;
  }
};

// Each by the clause that is there for it: any other that fails would be a mistake of the contract.
void break_clause(std::string_view says) {
  const Contract<ClusterRig> contract = decider_contract();
  const auto clause = std::find_if(contract.begin(), contract.end(),
                                   [&](const auto& each) { return each.says == says; });
  if (clause == contract.end()) return;  // passes, which [!shouldfail] reports
  MutantRig rig;
  clause->check(rig);
}

// [!shouldfail]: passes when an assertion fails.
TEST_CASE("contract of Decider: finds a cell whose time-out is taken for absent",
          "[support][!shouldfail]") {
  break_clause("a stable read that times out is unknown, never absent");
}
TEST_CASE("contract of Decider: finds a mirror whose time-out is taken for absent",
          "[support][!shouldfail]") {
  break_clause("the mirror is read as stably as the cell");
}
TEST_CASE("contract of Decider: what a mutant does right passes", "[support]") {
  break_clause("a fence makes the earlier writer harmless");
  break_clause("an abort leaves nothing, and the next epoch is whole");
}

TEST_CASE("FakeSink: keeps the contract of Sink", "[support]") {
  keep<FakeClusterRig>(sink_contract());
}
TEST_CASE("FakeSource: keeps the contract of Source", "[support]") {
  keep<FakeClusterRig>(source_contract());
}

class FakeStoreRig final : public StoreRig {
 public:
  std::unique_ptr<EpochStore> open() override { return open_fake_store(disk_, interrupts_); }

 private:
  ManualClock clock_;
  Interrupts interrupts_{clock_};
  FakeDisk disk_;
};

TEST_CASE("FakeEpochStore: keeps the contract of EpochStore", "[support]") {
  for (const auto& contract : {lane_store_contract(), epoch_store_contract()}) {
    for (const auto& clause : contract) {
      DYNAMIC_SECTION(clause.says) {
        FakeStoreRig rig;
        clause.check(rig);
      }
    }
  }
}

TEST_CASE("FakeKeyedState: keeps the contract of KeyedState", "[support]") {
  for (const auto& clause : keyed_state_contract()) {
    DYNAMIC_SECTION(clause.says) {
      StateRig rig{&make_fake_keyed_state};
      clause.check(rig);
    }
  }
}

TEST_CASE("FakeDeltaLog: keeps the contract of DeltaLog", "[support]") {
  for (const auto& clause : delta_log_contract()) {
    DYNAMIC_SECTION(clause.says) {
      FakeClusterRig cluster;
      cluster.create_topic("out", 1, 0);
      LaneUnderTest lane = cluster.lane("out");
      auto log = make_fake_delta_log(lane.id.instance + "." + lane.id.job + ".delta",
                                     cluster.cluster(), cluster.interrupts(), cluster.slot());
      DeltaLogRig rig{cluster, std::move(lane), std::move(log)};
      clause.check(rig);
    }
  }
}

TEST_CASE("FakeFollowerSink: keeps the contract of FollowerSink", "[support]") {
  for (const auto& clause : follower_contract()) {
    DYNAMIC_SECTION(clause.says) {
      ManualClock clock;
      Interrupts interrupts(clock);
      Delivered outside;
      FollowerRig rig{std::make_unique<FakeFollowerSink>("mail", outside, interrupts),
                      clock.mono() + std::chrono::seconds(1), [&] {
                        std::vector<std::string> all;
                        for (const auto& [epoch, rows] : outside) {
                          all.insert(all.end(), rows.begin(), rows.end());
                        }
                        return all;
                      }};
      clause.check(rig);
    }
  }
}

}  // namespace
}  // namespace weir::test
