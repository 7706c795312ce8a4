#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "connectors/kafka/cell.h"
#include "connectors/kafka/position.h"
#include "real/kafka_rig.h"

namespace weir::kafka::test {
namespace {

using namespace std::chrono_literals;

SplitId split(const std::string& topic, int partition) {
  return {"in", split_name({topic, partition})};
}
Position at(std::int64_t next, std::uint64_t tail_fp = 0) {
  return encode_position({.next = next, .tail_offset = next - 1, .tail_fp = tail_fp});
}
std::vector<std::string> values_of(const std::vector<Message>& messages) {
  std::vector<std::string> values;
  for (const Message& message : messages) values.push_back(message.value.value_or("NULL"));
  std::sort(values.begin(), values.end());
  return values;
}

TEST_CASE("KafkaDecider: rows, cell and mirror of an epoch appear together", "[real]") {
  const std::string in = unique("in");
  const std::string out = unique("out");
  create_topic(in, 2);
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto decider = ready_decider(lane);
  REQUIRE(lane.sink->check(within(10s)));
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(writer);

  CHECK(decider->read_stable(within(10s)).state == ReadState::kAbsent);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"a", "b", ""});
  REQUIRE(lane.sink->flush(EpochId{1}, within(10s)));
  CHECK(read_committed(out).empty());
  CHECK(decider->peek(within(10s)).state == ReadState::kAbsent);

  const Commit commit{lane.cell(1, 11), {{split(in, 0), at(5, 99)}, {split(in, 1), at(7)}}};
  const Result<Verdict> verdict = decider->commit(commit);
  INFO((verdict ? "" : verdict.error().message()));
  REQUIRE(verdict);
  CHECK(*verdict == Verdict::kDecided);
  CHECK(decider->doubts() == 0);

  const CellReading reading = decider->read_stable(within(10s));
  REQUIRE(reading.state == ReadState::kValue);
  CHECK(reading.cell == commit.cell);
  const auto mirror =
      decider->read_mirror({split(in, 0), split(in, 1), split(in, 7)}, false, within(10s));
  REQUIRE(mirror);
  REQUIRE(mirror->entries.size() == 3);
  CHECK(decode_position(mirror->entries[0].position)->next == 5);
  CHECK(decode_position(mirror->entries[0].position)->tail_fp == 99);
  CHECK(mirror->entries[0].mark == MirrorMark{"test", lane.id.job, EpochId{1}});
  CHECK(decode_position(mirror->entries[1].position)->next == 7);
  CHECK(mirror->entries[2].state == ReadState::kAbsent);
  CHECK(values_of(read_committed(out)) == std::vector<std::string>{"", "a", "b"});
}

TEST_CASE("KafkaDecider: a fence makes the earlier writer harmless", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane old_lane = test_lane(out);
  const auto old = ready_decider(old_lane);
  const auto writer = old_lane.sink->open_writer(nullptr);
  REQUIRE(old->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"never"});
  REQUIRE(old_lane.sink->flush(EpochId{1}, within(10s)));

  const TestLane new_lane = old_lane.again();
  const auto young = ready_decider(new_lane);
  CHECK(young->read_stable(within(10s)).state == ReadState::kAbsent);

  const Result<Verdict> verdict = old->commit({old_lane.cell(1, 11), {}});
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().action() == Action::kRecover);
  CHECK(verdict.error().code() == Code::kFenced);
  CHECK(young->read_stable(within(10s)).state == ReadState::kAbsent);
  CHECK(read_committed(out).empty());

  REQUIRE(young->commit({new_lane.cell(1, 12), {}}));
  CHECK(young->read_stable(within(10s)).cell == new_lane.cell(1, 12));
}

TEST_CASE("KafkaDecider: a stable read never takes what is pending for absent", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto decider = ready_decider(lane);
  Stranger stranger(unique("stranger"));
  stranger.begin();
  stranger.send_offset(lane.id.dotted(), lane.kafka.epoch_topic, 3, encode_cell(lane.cell(3, 1)));

  const CellReading pending = decider->read_stable(within(1500ms));
  CHECK(pending.state == ReadState::kUnknown);
  CHECK_FALSE(pending.text.empty());
  CHECK(decider->peek(within(10s)).state == ReadState::kAbsent);

  std::thread later([&] {
    std::this_thread::sleep_for(300ms);
    stranger.commit();
  });
  const CellReading settled = decider->read_stable(within(10s));
  later.join();
  REQUIRE(settled.state == ReadState::kValue);
  CHECK(settled.cell == lane.cell(3, 1));
}

TEST_CASE("KafkaDecider: the mirror is read as stably as the cell", "[real]") {
  const std::string in = unique("in");
  const std::string out = unique("out");
  create_topic(in, 1);
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto decider = ready_decider(lane);
  Stranger stranger(unique("stranger"));
  stranger.begin();
  stranger.send_offset(lane.group, in, 3, "w2m;test;x;1;0000000000000000");
  const auto pending = decider->read_mirror({split(in, 0)}, false, within(1500ms));
  REQUIRE(pending);
  CHECK(pending->entries[0].state == ReadState::kUnknown);
  stranger.abort();
  const auto settled = decider->read_mirror({split(in, 0)}, false, within(10s));
  REQUIRE(settled);
  CHECK(settled->entries[0].state == ReadState::kAbsent);
}

TEST_CASE("KafkaDecider: no broker means unknown, and a retry that says so", "[real]") {
  TestLane lane = test_lane("out", {}, nowhere());
  const auto decider = lane.make_decider();
  REQUIRE(decider);
  CHECK((*decider)->peek(within(500ms)).state == ReadState::kUnknown);
  CHECK((*decider)->read_stable(within(500ms)).state == ReadState::kUnknown);
  const auto identity = (*decider)->identify(within(500ms));
  REQUIRE_FALSE(identity);
  CHECK(identity.error().action() == Action::kRetry);
  CHECK(identity.error().code() == Code::kBrokersUnreachable);
  CHECK(identity.error().message().find("onnection refused") != std::string::npos);
  const auto fenced = (*decider)->fence(within(500ms));
  REQUIRE_FALSE(fenced);
  CHECK(fenced.error().action() == Action::kRetry);
}

TEST_CASE("KafkaDecider: somebody else's commit is a value without a cell", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto decider = ready_decider(lane);
  commit_plainly(lane.id.dotted(), lane.kafka.epoch_topic, 9, "hello");
  CellReading reading = decider->read_stable(within(10s));
  CHECK(reading.state == ReadState::kValue);
  CHECK_FALSE(reading.cell);
  CHECK(reading.text == "hello");
  // A cell's text under another epoch's offset is nobody's cell either.
  commit_plainly(lane.id.dotted(), lane.kafka.epoch_topic, 9, encode_cell(lane.cell(8, 1)));
  reading = decider->read_stable(within(10s));
  CHECK(reading.state == ReadState::kValue);
  CHECK_FALSE(reading.cell);
}

TEST_CASE("KafkaDecider: names the groups that have members", "[real]") {
  const std::string in = unique("in");
  const std::string out = unique("out");
  create_topic(in, 1);
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto decider = ready_decider(lane);
  auto mirror = decider->read_mirror({split(in, 0)}, true, within(10s));
  REQUIRE(mirror);
  CHECK(mirror->groups_with_members.empty());
  const Member member(lane.group, in);
  mirror = decider->read_mirror({split(in, 0)}, true, within(10s));
  REQUIRE(mirror);
  CHECK(mirror->groups_with_members == std::vector<std::string>{lane.group});
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

TEST_CASE("KafkaDecider: an abort leaves nothing, and the next epoch is whole", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto decider = ready_decider(lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"dropped"});
  decider->abort(within(5s));
  REQUIRE(decider->fence(within(10s)));
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"kept"});
  REQUIRE(lane.sink->flush(EpochId{1}, within(10s)));
  REQUIRE(decider->commit({lane.cell(1, 2), {}}));
  CHECK(values_of(read_committed(out)) == std::vector<std::string>{"kept"});
}

TEST_CASE("KafkaDecider: a connection given up during the epoch is doubt", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  const auto decider = ready_decider(lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"a"});
  REQUIRE(lane.sink->flush(EpochId{1}, within(10s)));
  cut_connections();
  const Result<Verdict> verdict = decider->commit({lane.cell(1, 2), {}});
  INFO((verdict ? "" : verdict.error().message()));
  REQUIRE(verdict);
  CHECK(*verdict == Verdict::kDecidedWithDoubt);
  CHECK(decider->doubts() == 1);
  REQUIRE(decider->fence(within(10s)));
  REQUIRE(decider->commit({lane.cell(2, 3), {}}).value() == Verdict::kDecided);
  CHECK(decider->read_stable(within(10s)).cell == lane.cell(2, 3));
  CHECK(values_of(read_committed(out)) == std::vector<std::string>{"a"});
}

TEST_CASE("KafkaDecider: an abandoned one can neither fence, publish nor commit", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out);
  auto abandoned = ready_decider(lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(abandoned->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"old"});

  const auto young = ready_decider(lane);  // same slot: same process
  const std::shared_ptr<Producer> current = lane.slot->current();
  REQUIRE(current);
  CHECK_FALSE(abandoned->commit({lane.cell(1, 11), {}}));
  CHECK_FALSE(abandoned->fence(within(5s)));
  CHECK_FALSE(abandoned->begin(EpochId{1}));
  CHECK(lane.slot->current() == current);
  REQUIRE(young->begin(EpochId{1}));
  abandoned.reset();

  // Its writer still holds the old producer: told, not crashed.
  const Batch batch = text_batch({"late"});
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  const Result<std::size_t> late = (*writer)->write(batch, 0, errors, bytes);
  REQUIRE_FALSE(late);
  CHECK(late.error().action() == Action::kRecover);

  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"new"});
  REQUIRE(lane.sink->flush(EpochId{1}, within(10s)));
  REQUIRE(young->commit({lane.cell(1, 12), {}}));
  CHECK(young->read_stable(within(10s)).cell == lane.cell(1, 12));
  CHECK(values_of(read_committed(out)) == std::vector<std::string>{"new"});
}

TEST_CASE("KafkaDecider: a rotation takes milliseconds", "[real]") {
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
  // Half of what a poller that is not woken costs; the median here is near 10 ms.
  CHECK(times[4] < 250ms);
}

}  // namespace
}  // namespace weir::kafka::test
