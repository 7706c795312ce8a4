#include "contract/delta_log_contract.h"

#include <catch2/catch.hpp>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Records = std::vector<std::string>;

// Epochs 1 to `last`, each with its record; the one after is left open when asked.
std::unique_ptr<Decider> write_epochs(DeltaLogRig& rig, std::int64_t last, bool open_one) {
  auto decider = ready_decider(rig.cluster, rig.lane);
  for (std::int64_t epoch = 1; epoch <= last + (open_one ? 1 : 0); ++epoch) {
    REQUIRE(decider->begin(EpochId{epoch}));
    REQUIRE(rig.log->append(EpochId{epoch}, "delta " + std::to_string(epoch)));
    REQUIRE(rig.lane.sink->flush(EpochId{epoch}, rig.cluster.within(10s)));
    if (epoch <= last) REQUIRE(decider->commit({rig.lane.cell(epoch, 1), {}}));
  }
  return decider;
}

Result<Records> read(DeltaLogRig& rig, std::int64_t first, std::int64_t last) {
  Records records;
  WEIR_TRY(rig.log->read(EpochId{first}, EpochId{last}, rig.cluster.within(2s),
                         [&](EpochId epoch, std::string_view record) -> Result<> {
                           CHECK(epoch.value() ==
                                 first + static_cast<std::int64_t>(records.size()));
                           records.emplace_back(record);
                           return {};
                         }));
  return records;
}

void reads_in_order(DeltaLogRig& rig) {
  CHECK_FALSE(rig.log->oldest(rig.cluster.within(10s)).value());
  const auto decider = write_epochs(rig, 4, false);
  CHECK(read(rig, 2, 3).value() == Records{"delta 2", "delta 3"});
  CHECK(read(rig, 1, 4)->size() == 4);
  CHECK(rig.log->oldest(rig.cluster.within(10s)).value() == EpochId{1});
}

void waits_for_what_is_open(DeltaLogRig& rig) {
  const auto decider = write_epochs(rig, 2, true);
  const Result<Records> early = read(rig, 1, 2);
  REQUIRE_FALSE(early);
  CHECK(early.error().action() == Action::kRetry);
  decider->abort(rig.cluster.within(5s));
  CHECK(read(rig, 1, 2).value() == Records{"delta 1", "delta 2"});
  const Result<Records> aborted = read(rig, 1, 3);
  REQUIRE_FALSE(aborted);
  CHECK(aborted.error().code() == Code::kStateLost);
}

void trims(DeltaLogRig& rig) {
  const auto decider = write_epochs(rig, 4, false);
  REQUIRE(rig.log->trim(EpochId{2}, rig.cluster.within(10s)));
  CHECK(rig.log->oldest(rig.cluster.within(10s)).value() == EpochId{3});
  CHECK(read(rig, 3, 4).value() == Records{"delta 3", "delta 4"});
  const Result<Records> gone = read(rig, 2, 4);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().action() == Action::kHalt);
  CHECK(gone.error().code() == Code::kStateLost);
  REQUIRE(rig.log->trim(EpochId{9}, rig.cluster.within(10s)));
  CHECK_FALSE(rig.log->oldest(rig.cluster.within(10s)).value());
}

}  // namespace

Contract<DeltaLogRig> delta_log_contract() {
  return {
      {"decided records are read in order", &reads_in_order},
      {"nothing is read past an open transaction, and nothing of an aborted one",
       &waits_for_what_is_open},
      {"what was trimmed is gone, and missed by name", &trims},
  };
}

}  // namespace weir::test
