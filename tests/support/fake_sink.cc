#include "support/fake_sink.h"

#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "support/text_batch.h"

namespace weir::test {
namespace {

class FakeSinkWriter final : public SinkWriter {
 public:
  FakeSinkWriter(std::string topic, Interrupts& interrupts, FakeSlot& slot, const Waker* room)
      : topic_(std::move(topic)), interrupts_(interrupts), slot_(slot), room_(room) {}

  Result<> begin(EpochId /*epoch*/) override {
    interrupts_.point("write.begin");
    producer_ = slot_.current();
    if (!producer_) return Error{Action::kRecover, "there is no producer yet"};
    if (producer_->closed()) return replaced();
    return {};
  }

  Result<std::size_t> write(const Batch& batch, std::size_t from, std::vector<RowError>& errors,
                            std::uint64_t& bytes) override {
    WEIR_CHECK(producer_ != nullptr, "begin() comes before write()");
    std::size_t at = from;
    for (; at < batch.selection.size(); ++at) {
      // The decider may take another handle between two rows.
      if (producer_->closed()) return replaced();
      const bool full = room_ != nullptr && interrupts_.fault("write") == Fault::kRefused;
      if (full) {
        // Its room is there as soon as anybody looks again.
        room_->wake();
        return at;
      }
      const RowIndex row = batch.selection[at];
      const std::string value(text_of(batch, row));
      if (value == "unencodable") {
        errors.push_back({row, "this row cannot be rendered"});
        continue;
      }
      const Record& record = batch.records[row];
      std::optional<std::string> key;
      if (!record.key_null) key = record.key;
      bytes += value.size() + key.value_or("").size();
      const TopicPartition partition = partition_for(key);
      producer_->write(partition, {.key = std::move(key), .value = value, .timestamp_ms = 0});
    }
    return at;
  }

 private:
  static Error replaced() { return {Action::kRecover, "the producer of this epoch was replaced"}; }

  TopicPartition partition_for(const std::optional<std::string>& key) const {
    const std::map<std::string, std::int32_t> topics = producer_->topics();
    const auto found = topics.find(topic_);
    if (found == topics.end() || !key) return {topic_, 0};
    return {topic_,
            static_cast<std::int32_t>(hash64(*key) % static_cast<std::uint64_t>(found->second))};
  }

  const std::string topic_;
  Interrupts& interrupts_;
  FakeSlot& slot_;
  const Waker* const room_;
  std::shared_ptr<FakeProducer> producer_;
};

class FakeSink final : public Sink {
 public:
  FakeSink(std::string name, std::string topic, FakeCluster& cluster, Interrupts& interrupts,
           FakeSlot& slot)
      : name_(std::move(name)),
        topic_(std::move(topic)),
        cluster_(cluster),
        interrupts_(interrupts),
        slot_(slot) {}

  const std::string& name() const override { return name_; }

  Result<> check(MonoTime deadline) override {
    WEIR_TRY(reach(cluster_, interrupts_, "sink.check", deadline));
    if (cluster_.topics().contains(topic_)) return {};
    return Error{Action::kStopJob, Code::kTopicMissing, "topic \"" + topic_ + "\" does not exist"};
  }

  Result<std::unique_ptr<SinkWriter>> open_writer(const Waker* room) override {
    return std::unique_ptr<SinkWriter>(
        std::make_unique<FakeSinkWriter>(topic_, interrupts_, slot_, room));
  }

  Result<> flush(EpochId /*epoch*/, MonoTime deadline) override {
    const std::shared_ptr<FakeProducer> producer = slot_.current();
    if (!producer) return Error{Action::kRecover, "there is no producer yet"};
    return producer->flush(deadline);
  }

 private:
  const std::string name_;
  const std::string topic_;
  FakeCluster& cluster_;
  Interrupts& interrupts_;
  FakeSlot& slot_;
};

}  // namespace

std::unique_ptr<Sink> make_fake_sink(std::string name, std::string topic, FakeCluster& cluster,
                                     Interrupts& interrupts, FakeSlot& slot) {
  return std::make_unique<FakeSink>(std::move(name), std::move(topic), cluster, interrupts, slot);
}

}  // namespace weir::test
