#include "support/fake_producer.h"

#include <catch2/catch.hpp>

namespace weir::test {
namespace {

const TopicPartition kPlace{"epochs", 0};

/// Breaks the request at one place, or ends the process there.
class Broken final : public Interrupts {
 public:
  using Interrupts::Interrupts;
  std::string place;
  Fault what = Fault::kNone;
  std::string crash_at;

  void point(const char* where) override {
    if (where == crash_at) throw SimulatedCrash{};
  }
  Fault fault(const char* where) override { return where == place ? what : Fault::kNone; }
};

struct Lane {
  Lane() { cluster.create_topic("epochs", 1); }
  Result<> send() { return producer.send_offsets("cell", {{kPlace, {1, "w2"}}}); }
  std::int64_t cell() const {
    return cluster.committed("cell", kPlace).value_or(GroupOffset{-1, {}}).offset;
  }
  ManualClock clock;
  Broken interrupts{clock};
  FakeCluster cluster;
  FakeSlot slot;
  FakeProducer producer{cluster, interrupts, slot, slot.next_generation(), *cluster.init("lane")};
};

TEST_CASE("FakeProducer: what becomes of a commit, and what the client sees", "[support]") {
  struct Case {
    Fault fault;
    bool ok;
    std::uint64_t doubts;
    std::int64_t cell;
    std::size_t under_way;
  };
  const auto [fault, ok, doubts, cell, under_way] =
      GENERATE(values<Case>({{Fault::kNone, true, 0, 1, 0},
                             {Fault::kLost, true, 1, 1, 0},
                             {Fault::kAnswerLost, true, 1, 1, 0},
                             {Fault::kLateCopy, true, 1, 1, 1},
                             {Fault::kGivenUp, false, 0, -1, 1},
                             {Fault::kDoneUnseen, false, 0, 1, 0}}));
  Lane lane;
  lane.interrupts.place = "commit";
  lane.interrupts.what = fault;
  REQUIRE(lane.send());
  const Result<> committed = lane.producer.commit();
  CHECK(committed.has_value() == ok);
  if (!committed) CHECK(committed.error().action() == Action::kRecover);
  CHECK(lane.producer.doubts() == doubts);
  CHECK(lane.cell() == cell);
  CHECK(lane.cluster.under_way().size() == under_way);
}

TEST_CASE("FakeProducer: a stuck commit returns when its handle was replaced", "[support]") {
  Lane lane;
  REQUIRE(lane.send());
  lane.interrupts.place = "commit";
  lane.interrupts.what = Fault::kStuck;
  lane.slot.next_generation();
  const Result<> committed = lane.producer.commit();
  REQUIRE_FALSE(committed);
  CHECK(committed.error().action() == Action::kRecover);
  CHECK(lane.cluster.under_way().size() == 1);
}

TEST_CASE("FakeProducer: a process that dies leaves its request under way", "[support]") {
  Lane lane;
  REQUIRE(lane.send());
  lane.interrupts.crash_at = "commit.sent";
  CHECK_THROWS_AS(lane.producer.commit(), SimulatedCrash);
  CHECK(lane.cell() == -1);
  REQUIRE(lane.cluster.under_way().size() == 1);
  CHECK(lane.cluster.arrive(lane.cluster.under_way().begin()->first) == Answer::kOk);
  CHECK(lane.cell() == 1);
}

TEST_CASE("FakeProducer: rows wait for a broker that is busy", "[support]") {
  Lane lane;
  lane.cluster.markers_at_once = false;
  REQUIRE(lane.send());
  REQUIRE(lane.producer.commit());
  lane.producer.begin();
  lane.producer.write(kPlace, {.key = {}, .value = "row"});
  const auto soon = [&] { return lane.clock.mono() + std::chrono::seconds(1); };
  const Result<> early = lane.producer.flush(soon());
  REQUIRE_FALSE(early);
  CHECK(early.error().code() == Code::kBrokersUnreachable);
  lane.cluster.write_marker(0);
  CHECK(lane.producer.flush(soon()));
}

}  // namespace
}  // namespace weir::test
