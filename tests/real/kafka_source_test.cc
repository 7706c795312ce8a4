#include <catch2/catch.hpp>

#include "real/kafka_cluster_rig.h"

namespace weir::kafka::test {
namespace {

TEST_CASE("KafkaSource: keeps the contract of Source", "[real]") {
  for (const auto& clause : weir::test::source_contract()) {
    DYNAMIC_SECTION(clause.says) {
      KafkaClusterRig rig;
      clause.check(rig);
    }
  }
}

TEST_CASE("KafkaSource: a consumer whose topic was deleted is not waited for", "[real]") {
  using namespace std::chrono_literals;
  KafkaClusterRig rig;
  const std::string gone = rig.unique("gone");
  const std::string stays = rig.unique("stays");
  for (const std::string& topic : {gone, stays}) {
    rig.create_topic(topic, 1, 0);
    rig.produce(topic, 0, {{"k", "v"}});
  }
  const auto source = rig.make_source({.topics = {gone, stays}});
  REQUIRE(source->discover(rig.within(10s)));
  std::vector<SplitAssignment> assignments;
  for (const std::string& topic : {gone, stays}) {
    const auto first = source->beginnings({topic + "/0"}, rig.within(10s));
    REQUIRE(first);
    assignments.push_back({{"in", topic + "/0"}, first->at(topic + "/0"), {}});
  }
  Result<Waker> waker = Waker::open();
  REQUIRE(waker);
  auto readers = source->assign(assignments, {&*waker, &*waker});
  REQUIRE(readers);
  for (const auto& reader : *readers) {
    Fetch fetched;
    while (fetched.state != FetchState::kCaughtUp) {
      RecordBatch batch;
      const auto next = reader->fetch(batch, 10, 1'000'000);
      REQUIRE(next);
      fetched = *next;
      if (fetched.state == FetchState::kNothing) REQUIRE(waker->wait(20s));
    }
  }
  rig.delete_topic(gone);
  const MonoTime until = rig.within(20s);
  bool told = false;
  while (!told && std::chrono::steady_clock::now() < until) {
    RecordBatch batch;
    told = !readers->front()->fetch(batch, 10, 1'000'000) || !source->health();
    if (!told) waker->wait(100ms);
  }
  CHECK(told);
  const auto began = std::chrono::steady_clock::now();
  readers->clear();
  source->unassign();
  CHECK(std::chrono::steady_clock::now() - began < 2s);
}

}  // namespace
}  // namespace weir::kafka::test
