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

TEST_CASE("KafkaSink: a record above the client's own limit is the row's error", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const TestLane lane = test_lane(out, {{"message.max.bytes", "2000"}});
  const auto decider = ready_decider(lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  const Batch batch = text_batch({"small", std::string(5000, 'x'), "little"});
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  REQUIRE((*writer)->write(batch, 0, errors, bytes) == std::size_t{3});
  CHECK(bytes == 11);
  REQUIRE(errors.size() == 1);
  CHECK(errors.back().row == 1);
  CHECK_THAT(errors.back().message, Catch::Contains("message.max.bytes"));
  REQUIRE(lane.sink->flush(EpochId{1}, within(10s)));
  REQUIRE(decider->commit({lane.cell(1, 2), {}}));
  CHECK(weir::test::values_of(read_committed(out)) == std::vector<std::string>{"little", "small"});
}

std::string noise(char seed, std::size_t size) {
  std::string text;
  std::uint64_t state = static_cast<unsigned char>(seed);
  while (text.size() < size) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += static_cast<char>('!' + (state >> 33U) % 90);
  }
  return text;
}

TEST_CASE("KafkaSink: a record that the topic does not take is the row's error at the next attempt",
          "[real]") {
  const std::string compression = GENERATE("none", "lz4");
  const std::string out = unique("out");
  create_topic(out, 1, {{"max.message.bytes", "2000"}});
  const TestLane lane = test_lane(out, {}, cluster(), compression);
  REQUIRE(lane.sink->check(within(10s)));
  const auto decider = ready_decider(lane);
  const auto writer = lane.sink->open_writer(nullptr);
  // The fourth is small when it is compressed.
  const Batch batch =
      text_batch({"a", noise('b', 5000), noise('c', 5000), std::string(5000, 'd'), "e"});
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  std::set<RowIndex> refused;
  // One is known after the first attempt; the others of a transaction may not have been sent.
  for (int attempt = 0; attempt < 4; ++attempt) {
    REQUIRE(decider->begin(EpochId{1}));
    REQUIRE((*writer)->begin(EpochId{1}));
    errors.clear();
    REQUIRE((*writer)->write(batch, 0, errors, bytes) == std::size_t{5});
    const Result<> flushed = lane.sink->flush(EpochId{1}, within(10s));
    if (flushed) break;
    CHECK(flushed.error().code() == Code::kRowTooLarge);
    decider->abort(within(5s));
    REQUIRE(decider->fence(within(10s)));
  }
  for (const RowError& error : errors) refused.insert(error.row);
  REQUIRE(decider->commit({lane.cell(1, 2), {}}));
  const bool compressed = compression != "none";
  CHECK(refused == (compressed ? std::set<RowIndex>{1, 2} : std::set<RowIndex>{1, 2, 3}));
  CHECK(read_committed(out).size() == 5 - refused.size());
}

TEST_CASE("KafkaSink: a writer does not wait for the report that says why its epoch has failed",
          "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1, {{"max.message.bytes", "2000"}});
  const TestLane lane = test_lane(out, {{"linger.ms", "0"}}, cluster(), "none");
  const auto decider = ready_decider(lane);
  Result<Waker> room = Waker::open();
  REQUIRE(room);
  const auto writer = lane.sink->open_writer(&*room);
  REQUIRE(lane.sink->open(within(10s)));
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  const Batch large = text_batch({noise('a', 5000)});
  const Batch small = text_batch({"b"});
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  REQUIRE((*writer)->write(large, 0, errors, bytes) == std::size_t{1});
  // What is written until the refusal is known is taken; behind it nothing is, and the waker says
  // when there is more to know.
  std::optional<Error> failed;
  std::chrono::steady_clock::duration longest{};
  const MonoTime until = within(10s);
  while (!failed && std::chrono::steady_clock::now() < until) {
    const auto began = std::chrono::steady_clock::now();
    const Result<std::size_t> written = (*writer)->write(small, 0, errors, bytes);
    longest = std::max(longest, std::chrono::steady_clock::now() - began);
    if (!written) failed = written.error();
    if (written && *written == 0) CHECK(room->wait(5s));
  }
  REQUIRE(failed);
  CHECK(failed->code() == Code::kRowsRefused);
  CHECK_THAT(failed->message(), Catch::Contains("5000 bytes"));
  CHECK(longest < 500ms);
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
