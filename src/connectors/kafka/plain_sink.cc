#include "connectors/kafka/plain_sink.h"

#include <utility>

#include "connectors/kafka/sink.h"

namespace weir::kafka {
namespace {

class KafkaPlainSink final : public Sink {
 public:
  KafkaPlainSink(KafkaSinkOptions options, std::shared_ptr<PlainProducer> producer)
      : options_(std::move(options)), producer_(std::move(producer)) {}

  const std::string& name() const override { return options_.name; }

  Result<> check(MonoTime deadline) override {
    return check_topic(options_, producer_->limits(), deadline);
  }

  Result<> open(MonoTime deadline) override { return producer_->open(options_.topic, deadline); }

  Result<std::unique_ptr<SinkWriter>> open_writer(const Waker* room) override {
    auto current = [producer = producer_]() -> Result<std::shared_ptr<Producer>> {
      if (auto newest = producer->current()) return newest;
      return Error{Action::kRecover, "there is no producer yet"};
    };
    return make_sink_writer(options_, std::move(current), room);
  }

  Result<> flush(EpochId /*epoch*/, MonoTime deadline) override {
    return producer_->flush(deadline);
  }

 private:
  const KafkaSinkOptions options_;
  const std::shared_ptr<PlainProducer> producer_;
};

}  // namespace

std::unique_ptr<Sink> make_kafka_plain_sink(KafkaSinkOptions options,
                                            std::shared_ptr<PlainProducer> producer) {
  return std::make_unique<KafkaPlainSink>(std::move(options), std::move(producer));
}

}  // namespace weir::kafka
