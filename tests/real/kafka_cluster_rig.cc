#include "real/kafka_cluster_rig.h"

#include <thread>

namespace weir::kafka::test {
namespace {

using weir::test::StartAt;

class KafkaStranger final : public weir::test::Stranger {
 public:
  KafkaStranger() : stranger_(test::unique("stranger")) {}
  void begin() override { stranger_.begin(); }
  void produce(const std::string& topic, const std::string& value) override {
    stranger_.produce(topic, value);
  }
  void send_offset(const std::string& group, const std::string& topic, std::int64_t offset,
                   const std::string& metadata) override {
    stranger_.send_offset(group, topic, offset, metadata);
  }
  void commit() override { stranger_.commit(); }
  void abort() override { stranger_.abort(); }

 private:
  test::Stranger stranger_;
};

weir::test::LaneUnderTest under_test(TestLane lane) {
  return {.id = lane.id,
          .topic = lane.topic,
          .group = lane.group,
          .epoch_topic = lane.kafka.epoch_topic,
          .sink = std::move(lane.sink),
          .make_decider = std::move(lane.make_decider)};
}

std::unique_ptr<Source> source_on(const KafkaCluster& cluster,
                                  const weir::test::SourceSetup& setup) {
  KafkaSourceOptions options;
  options.name = "in";
  options.cluster = cluster;
  options.group = "test";
  options.topics = setup.topics;
  if (setup.matches) options.pattern = {"of the test", setup.matches};
  options.start = setup.start == StartAt::kLatest ? Start::kLatest : Start::kEarliest;
  options.on_data_loss = setup.on_data_loss;
  return make_kafka_source(std::move(options));
}

}  // namespace

std::string KafkaClusterRig::unique(const std::string& prefix) { return test::unique(prefix); }

void KafkaClusterRig::create_topic(const std::string& topic, int partitions,
                                   std::size_t value_bytes_max) {
  std::vector<std::pair<std::string, std::string>> config;
  if (value_bytes_max != 0) {
    config.emplace_back("max.message.bytes", std::to_string(value_bytes_max));
  }
  test::create_topic(topic, partitions, config);
}

void KafkaClusterRig::delete_topic(const std::string& topic) { test::delete_topic(topic); }
void KafkaClusterRig::delete_records(const std::string& topic, std::int64_t offset) {
  test::delete_records(topic, 0, offset);
}
void KafkaClusterRig::produce(const std::string& topic, std::int32_t partition,
                              const std::vector<Message>& messages) {
  test::produce(topic, partition, messages);
}
std::vector<weir::test::Message> KafkaClusterRig::read_committed(const std::string& topic,
                                                                 int partitions) {
  return test::read_committed(topic, partitions);
}
std::unique_ptr<weir::test::Stranger> KafkaClusterRig::stranger() {
  return std::make_unique<KafkaStranger>();
}
void KafkaClusterRig::commit_plainly(const std::string& group, const std::string& topic,
                                     std::int64_t offset, const std::string& metadata) {
  test::commit_plainly(group, topic, offset, metadata);
}
std::shared_ptr<void> KafkaClusterRig::join(const std::string& group, const std::string& topic) {
  return std::make_shared<Member>(group, topic);
}

MonoTime KafkaClusterRig::within(std::chrono::milliseconds time) { return test::within(time); }

void KafkaClusterRig::run(const std::function<void()>& call, std::chrono::milliseconds after,
                          const std::function<void()>& meanwhile) {
  std::jthread later([&] {
    std::this_thread::sleep_for(after);
    meanwhile();
  });
  call();
}

void KafkaClusterRig::break_connections() { cut_connections(); }

weir::test::LaneUnderTest KafkaClusterRig::lane(const std::string& topic) {
  return under_test(test_lane(topic));
}
weir::test::LaneUnderTest KafkaClusterRig::another_process(const LaneUnderTest& lane) {
  return under_test(same_lane(lane.id, lane.topic));
}
weir::test::LaneUnderTest KafkaClusterRig::unreachable_lane() {
  return under_test(test_lane("out", {}, nowhere()));
}

std::unique_ptr<Source> KafkaClusterRig::make_source(const weir::test::SourceSetup& setup) {
  return source_on(cluster(), setup);
}
std::unique_ptr<Source> KafkaClusterRig::unreachable_source() {
  return source_on(nowhere(), {.topics = {"in"}});
}

}  // namespace weir::kafka::test
