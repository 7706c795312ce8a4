#include <catch2/catch.hpp>

#include "contract/cluster_rig.h"
#include "support/text_batch.h"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

void missing_topic_stops(ClusterRig& rig) {
  const LaneUnderTest lane = rig.lane(rig.unique("missing"));
  for (int i = 0; i < 2; ++i) {
    const Result<> checked = lane.sink->check(rig.within(10s));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().action() == Action::kStopJob);
    CHECK(checked.error().code() == Code::kTopicMissing);
    CHECK(checked.error().message().find(lane.topic) != std::string::npos);
  }
  rig.create_topic(lane.topic, 1);
  CHECK(lane.sink->check(rig.within(10s)));
}

void no_broker_is_tried_again(ClusterRig& rig) {
  const LaneUnderTest lane = rig.unreachable_lane();
  const Result<> checked = lane.sink->check(rig.within(500ms));
  REQUIRE_FALSE(checked);
  CHECK(checked.error().action() == Action::kRetry);
  CHECK(checked.error().code() == Code::kBrokersUnreachable);
}

void needs_a_decider(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(writer);
  const Result<> begun = (*writer)->begin(EpochId{1});
  REQUIRE_FALSE(begun);
  CHECK(begun.error().action() == Action::kRecover);
}

void writes_from_an_index(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto decider = ready_decider(rig, lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(lane.sink->open(rig.within(10s)));
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  Batch batch = text_batch({"a", "b", "c", "d"});
  batch.selection = {0, 2, 3};
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  const Result<std::size_t> next = (*writer)->write(batch, 1, errors, bytes);
  REQUIRE(next);
  CHECK(*next == 3);
  CHECK(bytes == 2);
  REQUIRE(lane.sink->flush(EpochId{1}, rig.within(10s)));
  REQUIRE(decider->commit({lane.cell(1, 1), {}}));
  CHECK(values_of(rig.read_committed(out)) == std::vector<std::string>{"c", "d"});
}

void fault_of_the_rows(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1, 1000);
  const LaneUnderTest lane = rig.lane(out);
  const auto decider = ready_decider(rig, lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(lane.sink->open(rig.within(10s)));
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  std::string noise;  // which no compression makes small
  for (int i = 0; i < 3000; ++i) noise += rig.unique("").substr(1, 3);
  write_rows(**writer, {noise});
  const Result<> flushed = lane.sink->flush(EpochId{1}, rig.within(10s));
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().action() == Action::kRecover);
  CHECK(flushed.error().code() == Code::kRowsRefused);
  CHECK(flushed.error().message().find(out) != std::string::npos);

  decider->abort(rig.within(5s));
  REQUIRE(decider->fence(rig.within(10s)));
  REQUIRE(lane.sink->open(rig.within(10s)));
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"short"});
  CHECK(lane.sink->flush(EpochId{1}, rig.within(10s)));
}

void flush_tells_of_a_fence(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto decider = ready_decider(rig, lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(lane.sink->open(rig.within(10s)));
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  const LaneUnderTest other = rig.another_process(lane);
  const auto young = ready_decider(rig, other);
  write_rows(**writer, {"too late"});
  const Result<> flushed = lane.sink->flush(EpochId{1}, rig.within(10s));
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().action() == Action::kRecover);
  CHECK(flushed.error().code() != Code::kRowsRefused);
}

void flush_makes_visible(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(lane.sink->open(rig.within(10s)));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"a", "b"});
  REQUIRE(lane.sink->flush(EpochId{1}, rig.within(10s)));
  CHECK(values_of(rig.read_committed(out)) == std::vector<std::string>{"a", "b"});
}

void leaves_nothing_to_the_next(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1, 1000);
  const LaneUnderTest lane = rig.lane(out);
  {
    const auto recovered = lane.sink->open_writer(nullptr);
    REQUIRE(lane.sink->open(rig.within(10s)));
    REQUIRE((*recovered)->begin(EpochId{1}));
    std::string noise;
    for (int i = 0; i < 3000; ++i) noise += rig.unique("").substr(1, 3);
    write_rows(**recovered, {noise});
  }
  const auto writer = lane.sink->open_writer(nullptr);
  const auto second = lane.sink->open_writer(nullptr);
  for (int epoch = 1; epoch <= 3; ++epoch) {
    REQUIRE(lane.sink->open(rig.within(10s)));
    REQUIRE((*writer)->begin(EpochId{epoch}));
    write_rows(**writer, {"one " + std::to_string(epoch)});
    REQUIRE((*second)->begin(EpochId{epoch}));
    write_rows(**second, {"two " + std::to_string(epoch)});
    CHECK(lane.sink->flush(EpochId{epoch}, rig.within(10s)));
  }
  CHECK(values_of(rig.read_committed(out)) ==
        std::vector<std::string>{"one 1", "one 2", "one 3", "two 1", "two 2", "two 3"});
}

void no_broker_fails_the_flush(ClusterRig& rig) {
  const LaneUnderTest lane = rig.unreachable_lane();
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(lane.sink->open(rig.within(500ms)));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"lost"});
  const Result<> flushed = lane.sink->flush(EpochId{1}, rig.within(500ms));
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().action() == Action::kRecover);
  CHECK(flushed.error().code() == Code::kBrokersUnreachable);
}

Contract<ClusterRig> every_sink() {
  return {
      {"a topic that is not there stops the job and is not made", &missing_topic_stops},
      {"no broker is tried again", &no_broker_is_tried_again},
      {"the selected rows from an index on are written", &writes_from_an_index},
      {"a record that is too large is the rows' fault", &fault_of_the_rows},
  };
}

}  // namespace

Contract<ClusterRig> sink_contract() {
  Contract<ClusterRig> contract = every_sink();
  contract.push_back({"a writer begins no epoch without a decider", &needs_a_decider});
  contract.push_back(
      {"a flush after a fence fails, and not for the rows", &flush_tells_of_a_fence});
  return contract;
}

Contract<ClusterRig> plain_sink_contract() {
  Contract<ClusterRig> contract = every_sink();
  contract.push_back({"what was flushed is visible", &flush_makes_visible});
  contract.push_back(
      {"a fault of rows that were given up is not the next epoch's", &leaves_nothing_to_the_next});
  contract.push_back({"a flush without a broker fails", &no_broker_fails_the_flush});
  return contract;
}

}  // namespace weir::test
