#include "connectors/kafka/sink.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir::kafka {
namespace {

class KafkaSink final : public Sink {
 public:
  KafkaSink(KafkaSinkOptions options, std::shared_ptr<ProducerSlot> slot)
      : options_(std::move(options)), slot_(std::move(slot)) {}

  const std::string& name() const override { return options_.name; }

  Result<> check(MonoTime deadline) override {
    return check_topic(options_, *slot_->options().limits, deadline);
  }

  Result<> open(MonoTime deadline) override {
    const std::shared_ptr<Producer> producer = slot_->current();
    if (!producer) return Error{Action::kRecover, "there is no producer yet"};
    return producer->learn_partitions(options_.topic, deadline);
  }

  Result<std::unique_ptr<SinkWriter>> open_writer(const Waker* room) override {
    auto current = [slot = slot_]() -> Result<std::shared_ptr<Producer>> {
      if (auto producer = slot->current()) return producer;
      return Error{Action::kRecover, "there is no producer yet"};
    };
    return make_sink_writer(options_, std::move(current), room);
  }

  Result<> flush(EpochId /*epoch*/, MonoTime deadline) override {
    const std::shared_ptr<Producer> producer = slot_->current();
    if (!producer) return Error{Action::kRecover, "there is no producer yet"};
    return producer->flush(deadline);
  }

 private:
  const KafkaSinkOptions options_;
  const std::shared_ptr<ProducerSlot> slot_;
};

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};

std::unique_ptr<rd_kafka_event_t, EventDeleter> describe_topic(Client& client,
                                                               const std::string& topic,
                                                               MonoTime deadline) {
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  const std::unique_ptr<rd_kafka_queue_t, QueueDeleter> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_DescribeConfigs(client.get(), &resource, 1, nullptr, queue.get());
  rd_kafka_ConfigResource_destroy(resource);
  return std::unique_ptr<rd_kafka_event_t, EventDeleter>(
      rd_kafka_queue_poll(queue.get(), ms_left(deadline)));
}

// The topic's max.message.bytes. None when the cluster does not say, for which the permission may
// be missing: then too large a record is a batch that is refused, like any other.
std::optional<std::uint64_t> ask_batch_limit(Client& client, const std::string& topic) {
  // Whatever the start's other questions have left of their time; it does not wait longer for what
  // it can do without.
  constexpr std::chrono::seconds kPatience(5);
  const auto event = describe_topic(client, topic, std::chrono::steady_clock::now() + kPatience);
  if (!event || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {};
  }
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string_view(rd_kafka_ConfigEntry_name(entries[i])) != "max.message.bytes") continue;
    const char* const value = rd_kafka_ConfigEntry_value(entries[i]);
    const std::string_view text = value == nullptr ? "" : value;
    std::uint64_t bytes = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return bytes;
  }
  return {};
}

Error takes_nothing(const KafkaSinkOptions& options, std::uint64_t limit) {
  return {Action::kStopJob, Code::kTopicTakesNothing,
          "sink \"" + options.name + "\": topic \"" + options.topic + "\" takes at most " +
              std::to_string(limit) +
              " bytes (its max.message.bytes), too few for any row or for the end of a "
              "transaction; raise it with: kafka-configs --bootstrap-server " +
              options.cluster.brokers + " --alter --entity-type topics --entity-name " +
              options.topic + " --add-config max.message.bytes=1048588"};
}

}  // namespace

std::unique_ptr<Sink> make_kafka_sink(KafkaSinkOptions options,
                                      std::shared_ptr<ProducerSlot> slot) {
  return std::make_unique<KafkaSink>(std::move(options), std::move(slot));
}

Result<> check_topic(const KafkaSinkOptions& options, RecordLimits& limits, MonoTime deadline) {
  WEIR_ASSIGN(const auto client, Client::open(options.cluster, RD_KAFKA_PRODUCER, {}));
  WEIR_ASSIGN(const auto topics, list_topics(*client, deadline));
  if (topics.contains(options.topic)) {
    const std::optional<std::uint64_t> limit = ask_batch_limit(*client, options.topic);
    if (limit && *limit < kBatchBytesMin) return takes_nothing(options, *limit);
    limits.learn(options.topic, limit);
    return {};
  }
  return Error{Action::kStopJob, Code::kTopicMissing,
               (options.topic_at.empty() ? "" : options.topic_at + ": ") + "sink \"" +
                   options.name + "\": " + no_topic(options.cluster, options.topic)};
}

}  // namespace weir::kafka
