#include <catch2/catch.hpp>
#include <set>

#include "real/kafka_cluster_rig.h"

namespace weir::kafka::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("KafkaSink: keeps the contract of Sink", "[real]") {
  for (const auto& clause : weir::test::sink_contract()) {
    DYNAMIC_SECTION(clause.says) {
      KafkaClusterRig rig;
      clause.check(rig);
    }
  }
}

TEST_CASE("KafkaSink: a record above the client's own limit is the rows' fault", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out, {{"message.max.bytes", "2000"}});
  const auto decider = ready_decider(lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  const Batch batch = text_batch({"small", std::string(5000, 'x'), "small"});
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  const Result<std::size_t> written = (*writer)->write(batch, 0, errors, bytes);
  REQUIRE_FALSE(written);
  CHECK(written.error().action() == Action::kRecover);
  CHECK(written.error().code() == Code::kRowsRefused);
  REQUIRE(errors.size() == 1);
  CHECK(errors.back().row == 1);
  // librdkafka 2.0.2 may fail an assertion of its own in a handle that is destroyed while a request
  // of its transaction is being tried again, as it is with a topic this young.
  decider->abort(within(5s));
}

TEST_CASE("KafkaSink: a full queue is waited out, and every row arrives once", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 2);
  const TestLane lane = test_lane(out, {{"queue.buffering.max.messages", "50"}});
  const auto decider = ready_decider(lane);
  Result<Waker> room = Waker::open();
  REQUIRE(room);
  const auto writer = lane.sink->open_writer(&*room);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  std::vector<std::string> values;
  for (int i = 0; i < 5000; ++i) values.push_back(std::to_string(i));
  const Batch batch = text_batch(values);
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  std::size_t at = 0;
  int full = 0;
  while (at < values.size()) {
    const Result<std::size_t> next = (*writer)->write(batch, at, errors, bytes);
    REQUIRE(next);
    at = *next;
    if (at == values.size()) break;
    ++full;
    REQUIRE(room->wait(5s));
  }
  CHECK(full > 0);
  REQUIRE(lane.sink->flush(EpochId{1}, within(10s)));
  REQUIRE(decider->commit({lane.cell(1, 2), {}}));
  std::multiset<std::string> seen;
  for (const Message& message : read_committed(out, 2)) seen.insert(*message.value);
  CHECK(seen == std::multiset<std::string>(values.begin(), values.end()));
}

}  // namespace
}  // namespace weir::kafka::test
