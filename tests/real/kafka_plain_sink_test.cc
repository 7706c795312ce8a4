#include <catch2/catch.hpp>
#include <set>

#include "connectors/kafka/plain_sink.h"
#include "formats/encoder.h"
#include "real/kafka_cluster_rig.h"

namespace weir::kafka::test {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<PlainProducer> producer_on(const KafkaCluster& on,
                                           const std::vector<std::string>& topics,
                                           const Properties& properties = {}) {
  std::vector<OutputTopic> outputs;
  for (const std::string& topic : topics) {
    outputs.push_back({.topic = topic, .compression = "lz4", .properties = properties});
  }
  return std::make_shared<PlainProducer>(on, ProducerOptions{.topics = std::move(outputs)});
}

std::unique_ptr<Sink> sink_on(const KafkaCluster& on, const std::string& topic,
                              std::shared_ptr<PlainProducer> producer) {
  auto encoder = make_encoder(Format::kRaw, Schema({{"value", {TypeKind::kText}, false}}));
  REQUIRE(encoder);
  return make_kafka_plain_sink({.name = "out",
                                .cluster = on,
                                .topic = topic,
                                .encoder = std::move(*encoder),
                                .make_parts = {}},
                               std::move(producer));
}

/// Lanes whose sink is outside of their decider's transaction.
class KafkaPlainRig final : public KafkaClusterRig {
 public:
  LaneUnderTest lane(const std::string& topic) override {
    return with_plain_sink(KafkaClusterRig::lane(topic), cluster());
  }
  LaneUnderTest another_process(const LaneUnderTest& lane) override {
    return with_plain_sink(KafkaClusterRig::another_process(lane), cluster());
  }
  LaneUnderTest unreachable_lane() override {
    return with_plain_sink(KafkaClusterRig::unreachable_lane(), nowhere());
  }

 private:
  static LaneUnderTest with_plain_sink(LaneUnderTest lane, const KafkaCluster& on) {
    lane.sink = sink_on(on, lane.topic, producer_on(on, {lane.topic}));
    return lane;
  }
};

std::multiset<std::string> values_in(const std::string& topic) {
  std::multiset<std::string> seen;
  for (const Message& message : read_committed(topic)) seen.insert(*message.value);
  return seen;
}

TEST_CASE("KafkaPlainSink: keeps the contract of plain sinks", "[real]") {
  for (const auto& clause : weir::test::plain_sink_contract()) {
    DYNAMIC_SECTION(clause.says) {
      KafkaPlainRig rig;
      clause.check(rig);
    }
  }
}

TEST_CASE("KafkaPlainSink: two sinks of a cluster share a producer and its flush", "[real]") {
  const std::string first = unique("out");
  const std::string second = unique("out");
  create_topic(first, 1);
  create_topic(second, 1);
  const auto producer = producer_on(cluster(), {first, second});
  const auto a = sink_on(cluster(), first, producer);
  const auto b = sink_on(cluster(), second, producer);
  const auto to_a = a->open_writer(nullptr);
  const auto to_b = b->open_writer(nullptr);
  for (int epoch = 1; epoch <= 2; ++epoch) {
    REQUIRE(a->open(within(10s)));
    REQUIRE(b->open(within(10s)));
    REQUIRE((*to_a)->begin(EpochId{epoch}));
    REQUIRE((*to_b)->begin(EpochId{epoch}));
    write_rows(**to_a, {"a"});
    write_rows(**to_b, {"b"});
    REQUIRE(a->flush(EpochId{epoch}, within(10s)));
    REQUIRE(b->flush(EpochId{epoch}, within(10s)));
  }
  CHECK(values_in(first) == std::multiset<std::string>{"a", "a"});
  CHECK(values_in(second) == std::multiset<std::string>{"b", "b"});
}

TEST_CASE("KafkaPlainSink: a broken connection loses and repeats nothing", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const auto sink = sink_on(cluster(), out, producer_on(cluster(), {out}));
  const auto writer = sink->open_writer(nullptr);
  REQUIRE(sink->open(within(10s)));
  REQUIRE((*writer)->begin(EpochId{1}));
  std::multiset<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    std::vector<std::string> values;
    for (int j = 0; j < 50; ++j) values.push_back(std::to_string(i * 50 + j));
    write_rows(**writer, values);
    expected.insert(values.begin(), values.end());
    if (i % 5 == 2) cut_connections();
  }
  REQUIRE(sink->flush(EpochId{1}, within(20s)));
  CHECK(values_in(out) == expected);
}

TEST_CASE("KafkaPlainSink: a fatal error of the producer ends with its epoch", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const auto producer = producer_on(cluster(), {out});
  const auto sink = sink_on(cluster(), out, producer);
  const auto writer = sink->open_writer(nullptr);
  REQUIRE(sink->open(within(10s)));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"before"});
  REQUIRE(sink->flush(EpochId{1}, within(10s)));
  const std::shared_ptr<Producer> broken = producer->current();
  rd_kafka_test_fatal_error(broken->get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test");

  SECTION("that is known before the next begins") {}
  SECTION("that is found by the next write") {
    REQUIRE(sink->open(within(10s)));
    REQUIRE((*writer)->begin(EpochId{2}));
    REQUIRE(producer->current() != broken);
    rd_kafka_test_fatal_error(producer->current()->get(),
                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test");
    const Batch batch = text_batch({"refused"});
    std::vector<RowError> errors;
    std::uint64_t bytes = 0;
    const Result<std::size_t> written = (*writer)->write(batch, 0, errors, bytes);
    REQUIRE_FALSE(written);
    CHECK(written.error().action() == Action::kRecover);
    CHECK(errors.empty());
  }
  REQUIRE(sink->open(within(10s)));
  REQUIRE((*writer)->begin(EpochId{2}));
  CHECK(producer->current() != broken);
  write_rows(**writer, {"after"});
  REQUIRE(sink->flush(EpochId{2}, within(10s)));
  CHECK(values_in(out) == std::multiset<std::string>{"before", "after"});
}

TEST_CASE("KafkaPlainSink: a setting that librdkafka refuses stops the job", "[real]") {
  const auto producer = producer_on(cluster(), {"out"}, {{"no.such.property", "1"}});
  const auto sink = sink_on(cluster(), "out", producer);
  const Result<> opened = sink->open(within(10s));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().action() == Action::kStopJob);
  CHECK(opened.error().message().find("no.such.property") != std::string::npos);
}

}  // namespace
}  // namespace weir::kafka::test
