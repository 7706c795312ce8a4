#include <algorithm>
#include <catch2/catch.hpp>

#include "real/kafka_cluster_rig.h"

namespace weir::kafka::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("KafkaDecider: keeps the contract of Decider", "[real]") {
  for (const auto& clause : weir::test::decider_contract()) {
    DYNAMIC_SECTION(clause.says) {
      KafkaClusterRig rig;
      clause.check(rig);
    }
  }
}

TEST_CASE("KafkaDecider: makes the epoch topic, once", "[real]") {
  KafkaCluster named = cluster();
  named.epoch_topic = unique("epochs");
  const TestLane lane = test_lane("out", {}, named);
  const auto decider = lane.make_decider();
  REQUIRE(decider);
  REQUIRE((*decider)->ensure_cell_place(within(20s)));
  REQUIRE((*decider)->ensure_cell_place(within(20s)));
  const auto client = Client::open(named, RD_KAFKA_PRODUCER, {});
  REQUIRE(client);
  const auto topics = list_topics(**client, within(10s));
  REQUIRE(topics);
  CHECK(topics->at(named.epoch_topic) == 1);
  const auto identity = (*decider)->identify(within(10s));
  REQUIRE(identity);
  CHECK_FALSE(identity->cluster_id.empty());
  CHECK(identity->transactional_id == lane.id.dotted());
}

TEST_CASE("KafkaDecider: an abandoned one cannot take the newest one's place", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto abandoned = ready_decider(lane);
  const auto young = ready_decider(lane);
  const std::shared_ptr<Producer> current = lane.slot->current();
  REQUIRE(current);
  CHECK_FALSE(abandoned->fence(within(5s)));
  CHECK(lane.slot->current() == current);
}

TEST_CASE("KafkaDecider: a rotation waits for no poller that sleeps", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto decider = ready_decider(lane);
  std::vector<std::chrono::milliseconds> times;
  for (std::int64_t epoch = 1; epoch <= 9; ++epoch) {
    REQUIRE(decider->commit({lane.cell(epoch, 1), {}}));
    const auto from = std::chrono::steady_clock::now();
    REQUIRE(decider->fence(within(10s)));
    REQUIRE(decider->read_stable(within(10s)).cell == lane.cell(epoch, 1));
    times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - from));
  }
  std::sort(times.begin(), times.end());
  WARN("rotation: median " << times[4].count() << " ms, worst " << times[8].count() << " ms");
  // A poller that is not woken costs each of them half a second, so that the quickest tells,
  // however busy the machine is.
  CHECK(times[0] < 250ms);
}

}  // namespace
}  // namespace weir::kafka::test
