#include "support/fake_cluster.h"

#include <catch2/catch.hpp>

namespace weir::test {
namespace {

const TopicPartition kRows{"out", 0};
const TopicPartition kPlace{"epochs", 0};

Request commit_of(const ProducerId& producer) { return {Request::Kind::kCommit, producer, {}, {}}; }
Request offset_of(const ProducerId& producer, std::int64_t offset) {
  return {Request::Kind::kOffsets, producer, "cell", {{kPlace, {offset, "w2"}}}};
}
FakeRecord row(const std::string& value) { return {.key = {}, .value = value}; }

/// One lane's producer, epoch by epoch.
struct Lane {
  Lane() {
    cluster.create_topic("out", 1);
    cluster.create_topic("epochs", 1);
    producer = *cluster.init("lane");
  }
  void write(const std::string& value) {
    REQUIRE(cluster.add_partition(producer, kRows) == Answer::kOk);
    REQUIRE(cluster.produce(producer, kRows, row(value)) == Answer::kOk);
  }
  void send_offset(std::int64_t epoch) {
    REQUIRE(cluster.add_group(producer, "cell") == Answer::kOk);
    REQUIRE(cluster.arrive(cluster.send(offset_of(producer, epoch))) == Answer::kOk);
  }
  Answer commit() { return *cluster.arrive(cluster.send(commit_of(producer))); }
  Answer abort() {
    return *cluster.arrive(cluster.send({Request::Kind::kAbort, producer, {}, {}}));
  }
  std::int64_t cell() const {
    return cluster.committed("cell", kPlace).value_or(GroupOffset{-1, {}}).offset;
  }
  std::size_t visible() { return cluster.read_committed("out").size(); }

  FakeCluster cluster;
  ProducerId producer;
};

TEST_CASE("FakeCluster: a late commit shows the half of the next epoch", "[support]") {
  Lane lane;
  lane.write("N");
  lane.send_offset(1);
  const RequestId late = lane.cluster.send(commit_of(lane.producer));
  REQUIRE(lane.commit() == Answer::kOk);
  lane.write("P-1");

  SECTION("before its offsets are sent: rows alone") {
    CHECK(lane.cluster.arrive(late) == Answer::kOk);
    CHECK(lane.visible() == 2);
    CHECK(lane.cell() == 1);
    // What follows is in no transaction.
    CHECK(lane.cluster.produce(lane.producer, kRows, row("P-2")) == Answer::kInvalidState);
  }
  SECTION("after its offsets were sent: rows and cell, and the abort is told that it is too late") {
    lane.send_offset(2);
    CHECK(lane.cluster.arrive(late) == Answer::kOk);
    CHECK(lane.visible() == 2);
    CHECK(lane.cell() == 2);
    CHECK(lane.abort() == Answer::kInvalidState);
  }
  SECTION("never after a rotation") {
    lane.producer = *lane.cluster.init("lane");
    lane.write("P-1");
    lane.send_offset(2);
    CHECK(lane.cluster.arrive(late) == Answer::kFenced);
    CHECK(lane.visible() == 1);
    CHECK(lane.cell() == 1);
  }
  SECTION("and it arrives once") {
    lane.cluster.arrive(late);
    CHECK_FALSE(lane.cluster.arrive(late));
  }
}

TEST_CASE("FakeCluster: late offsets put the old epoch into the next one's cell", "[support]") {
  Lane lane;
  lane.send_offset(1);
  const RequestId late = lane.cluster.send(offset_of(lane.producer, 1));
  REQUIRE(lane.commit() == Answer::kOk);

  SECTION("when they arrive after the next ones") {
    lane.send_offset(2);
    CHECK(lane.cluster.arrive(late) == Answer::kOk);
    CHECK(lane.commit() == Answer::kOk);
    CHECK(lane.cell() == 1);
  }
  SECTION("not while nothing is open") {
    CHECK(lane.cluster.arrive(late) == Answer::kInvalidState);
    lane.send_offset(2);
    CHECK(lane.commit() == Answer::kOk);
    CHECK(lane.cell() == 2);
  }
  SECTION("never after a rotation") {
    lane.producer = *lane.cluster.init("lane");
    lane.send_offset(2);
    CHECK(lane.cluster.arrive(late) == Answer::kFenced);
    CHECK(lane.commit() == Answer::kOk);
    CHECK(lane.cell() == 2);
  }
}

TEST_CASE("FakeCluster: a commit is repeated harmlessly", "[support]") {
  Lane lane;
  lane.send_offset(1);
  CHECK(lane.commit() == Answer::kOk);
  CHECK(lane.commit() == Answer::kOk);
  CHECK(lane.abort() == Answer::kInvalidState);
  CHECK(lane.cell() == 1);
}

TEST_CASE("FakeCluster: what is committed is seen when its marker is written", "[support]") {
  Lane lane;
  lane.cluster.markers_at_once = false;
  lane.write("N");
  lane.send_offset(1);
  REQUIRE(lane.commit() == Answer::kOk);
  REQUIRE(lane.cluster.markers() == 2);

  CHECK(lane.cell() == -1);
  CHECK(lane.cluster.unsettled("cell", kPlace));
  CHECK(lane.visible() == 0);
  CHECK(lane.cluster.add_partition(lane.producer, kRows) == Answer::kBusy);
  CHECK(lane.cluster.add_group(lane.producer, "cell") == Answer::kBusy);
  CHECK_FALSE(lane.cluster.init("lane"));

  lane.cluster.write_marker(1);
  CHECK(lane.cell() == 1);
  CHECK_FALSE(lane.cluster.unsettled("cell", kPlace));
  CHECK(lane.visible() == 0);
  lane.cluster.write_marker(0);
  CHECK(lane.visible() == 1);
  CHECK(lane.cluster.init("lane"));
}

TEST_CASE("FakeCluster: a newer producer aborts what the older had open", "[support]") {
  Lane lane;
  lane.write("lost");
  lane.send_offset(1);
  const ProducerId young = *lane.cluster.init("lane");
  CHECK(lane.commit() == Answer::kFenced);
  CHECK(lane.cluster.produce(lane.producer, kRows, row("x")) == Answer::kFenced);
  CHECK(lane.cluster.add_group(lane.producer, "cell") == Answer::kFenced);
  CHECK(lane.cell() == -1);
  CHECK(lane.visible() == 0);
  // The aborted row and its marker keep their offsets.
  CHECK(lane.cluster.log(kRows)->stable_end() == 2);
  lane.producer = young;
  lane.write("kept");
  lane.send_offset(1);
  CHECK(lane.commit() == Answer::kOk);
  CHECK(lane.visible() == 1);
}

TEST_CASE("FakeCluster: a transaction that expires fences its producer", "[support]") {
  Lane lane;
  lane.write("lost");
  CHECK(lane.cluster.open_transactions() == std::vector<std::string>{"lane"});
  lane.cluster.expire("lane");
  CHECK(lane.cluster.open_transactions().empty());
  CHECK(lane.commit() == Answer::kFenced);
  CHECK(lane.visible() == 0);
}

TEST_CASE("FakeCluster: a topic that is deleted takes its offsets with it", "[support]") {
  Lane lane;
  lane.send_offset(1);
  REQUIRE(lane.commit() == Answer::kOk);
  lane.cluster.delete_topic("epochs");
  CHECK(lane.cell() == -1);
  CHECK(lane.cluster.log(kPlace) == nullptr);
  lane.cluster.create_topic("epochs", 1);
  CHECK(lane.cell() == -1);
}

TEST_CASE("FakeCluster: a copy is the cluster as it was", "[support]") {
  Lane lane;
  lane.write("1");
  lane.send_offset(1);
  REQUIRE(lane.commit() == Answer::kOk);
  const FakeCluster backup = lane.cluster;
  lane.send_offset(2);
  REQUIRE(lane.commit() == Answer::kOk);
  REQUIRE(lane.cell() == 2);
  lane.cluster = backup;
  CHECK(lane.cell() == 1);
  CHECK(lane.visible() == 1);
}

}  // namespace
}  // namespace weir::test
