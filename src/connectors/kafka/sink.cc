#include "connectors/kafka/sink.h"

#include <utility>

namespace weir::kafka {
namespace {

class KafkaSink final : public Sink {
 public:
  KafkaSink(KafkaSinkOptions options, std::shared_ptr<ProducerSlot> slot)
      : options_(std::move(options)), slot_(std::move(slot)) {}

  const std::string& name() const override { return options_.name; }

  Result<> check(MonoTime deadline) override { return check_topic(options_, deadline); }

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

}  // namespace

std::unique_ptr<Sink> make_kafka_sink(KafkaSinkOptions options,
                                      std::shared_ptr<ProducerSlot> slot) {
  return std::make_unique<KafkaSink>(std::move(options), std::move(slot));
}

Result<> check_topic(const KafkaSinkOptions& options, MonoTime deadline) {
  WEIR_ASSIGN(const auto client, Client::open(options.cluster, RD_KAFKA_PRODUCER, {}));
  WEIR_ASSIGN(const auto topics, list_topics(*client, deadline));
  if (topics.contains(options.topic)) return {};
  return Error{Action::kStopJob, Code::kTopicMissing,
               "sink \"" + options.name + "\": topic \"" + options.topic +
                   "\" does not exist in cluster " + options.cluster.name +
                   " (weir creates no topics; make it with: kafka-topics --bootstrap-server " +
                   options.cluster.brokers + " --create --topic " + options.topic + ")"};
}

}  // namespace weir::kafka
