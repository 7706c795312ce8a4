#include <catch2/catch.hpp>
#include <thread>

#include "connectors/kafka/position.h"
#include "real/kafka_rig.h"

namespace weir::kafka::test {
namespace {

using namespace std::chrono_literals;

struct Read {
  std::vector<std::string> values;
  std::uint64_t skipped = 0;
  Position next;
};

// Reads partition 0 of `topic` from `from` to its end, leaving records out.
Read read_all(const std::string& topic, std::int64_t from, const std::vector<std::int64_t>& skips) {
  KafkaSourceOptions options;
  options.name = "in";
  options.cluster = cluster();
  options.group = unique("group");
  options.topics = {topic};
  const auto source = make_kafka_source(std::move(options));
  const Result<Waker> waker = Waker::open();
  REQUIRE(waker);
  SplitAssignment assignment{{"in", split_name({topic, 0})}, encode_position({.next = from}), {}};
  for (const std::int64_t skip : skips) assignment.skips.push_back(encode_position({.next = skip}));
  auto readers = source->assign({assignment}, {&*waker});
  REQUIRE(readers);
  Read read;
  const MonoTime deadline = within(20s);
  for (FetchState state = FetchState::kNothing; state != FetchState::kCaughtUp;) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    RecordBatch batch;
    const Result<Fetch> fetched = readers->front()->fetch(batch, 2, 1'000'000);
    REQUIRE(fetched);
    for (const Record& record : batch.records) read.values.emplace_back(record.value);
    read.skipped += fetched->skipped;
    read.next = fetched->next;
    state = fetched->state;
    if (state == FetchState::kNothing) waker->wait(100ms);
  }
  readers->clear();
  const auto checks = source->verify_tails({{assignment.split, read.next, {}}}, within(10s));
  REQUIRE(checks);
  if (!read.values.empty() || read.skipped > 0) CHECK(checks->front().state == TailState::kSame);
  return read;
}

TEST_CASE("KafkaSource: leaves out the records that an assignment's skips name", "[real]") {
  const std::string topic = unique("in");
  create_topic(topic, 1);
  produce(topic, 0, {{{}, "a"}, {{}, "b"}, {{}, "c"}, {{}, "d"}, {{}, "e"}});

  const Read read = read_all(topic, 0, {1, 2, 4, 99});
  CHECK(read.values == std::vector<std::string>{"a", "d"});
  CHECK(read.skipped == 3);
  // The last one is left out, and passed all the same: the tail is checked against it.
  CHECK(decode_position(read.next)->next == 5);
  CHECK(decode_position(read.next)->tail_offset == 4);

  CHECK(read_all(topic, 4, {4}).values.empty());
  CHECK(read_all(topic, 3, {1}).values == std::vector<std::string>{"d", "e"});
}

}  // namespace
}  // namespace weir::kafka::test
