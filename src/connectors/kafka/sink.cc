#include "connectors/kafka/sink.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weir::kafka {
namespace {

// A worker may wait this long, once, on the way to RECOVER.
constexpr std::chrono::milliseconds kCausePatience(2000);

// Keeps the producer's handle for one batch.
class Entered {
 public:
  explicit Entered(Producer& producer) : producer_(producer), open_(producer.enter()) {}
  ~Entered() {
    if (open_) producer_.leave();
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  bool open() const { return open_; }

 private:
  Producer& producer_;
  const bool open_;
};

class KafkaSinkWriter final : public SinkWriter {
 public:
  KafkaSinkWriter(const KafkaSinkOptions& options, std::shared_ptr<ProducerSlot> slot,
                  const Waker* room)
      : options_(options),
        slot_(std::move(slot)),
        room_(room),
        key_(options.make_key ? options.make_key() : nullptr) {}

  ~KafkaSinkWriter() override {
    if (producer_) producer_->forget_room(room_);
  }

  Result<> begin(EpochId /*epoch*/) override {
    if (producer_) producer_->forget_room(room_);
    producer_ = slot_->current();
    if (!producer_) return Error{Action::kRecover, "there is no producer yet"};
    const Entered entered(*producer_);
    if (!entered.open()) return replaced();
    topic_ = producer_->topic(options_.topic);
    WEIR_CHECK(topic_ != nullptr, "the slot was made with every sink's topic");
    prepared_ = nullptr;
    return {};
  }

  Result<std::size_t> write(const Batch& batch, std::size_t from, std::vector<RowError>& errors,
                            std::uint64_t& bytes) override {
    WEIR_CHECK(producer_ != nullptr, "begin() comes before write()");
    const Entered entered(*producer_);
    if (!entered.open()) return replaced();
    if (key_ && prepared_ != &batch) {
      const std::size_t before = errors.size();
      WEIR_TRY(key_->prepare(batch, errors));
      bad_keys_.clear();
      for (std::size_t i = before; i < errors.size(); ++i) bad_keys_.push_back(errors[i].row);
      std::sort(bad_keys_.begin(), bad_keys_.end());
      prepared_ = &batch;
    }
    std::uint64_t count = 0;
    std::size_t at = from;
    Result<> failed;
    for (; at < batch.selection.size(); ++at) {
      const RowIndex row = batch.selection[at];
      if (std::binary_search(bad_keys_.begin(), bad_keys_.end(), row)) continue;
      rd_kafka_resp_err_t error = produce(batch, row, errors, bytes, count);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        producer_->produced(std::exchange(count, 0));
        producer_->wait_for_room(room_);
        error = produce(batch, row, errors, bytes, count);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) break;
      }
      const Error meant = to_error(error, "writing to topic " + options_.topic + ", a record of " +
                                              std::to_string(scratch_.size()) + " bytes");
      if (meant.code() == Code::kNone) {
        // _STATE, _PURGE_QUEUE, _FATAL: the transaction has failed for a record before this one,
        // whose report says why. Three refusals at the same positions are to be known as such, also
        // under load.
        producer_->produced(std::exchange(count, 0));
        if (std::optional<Error> cause = producer_->cause(kCausePatience)) {
          failed = std::move(*cause);
          break;
        }
      }
      failed = Error{meant.action() == Action::kStopJob ? Action::kStopJob : Action::kRecover,
                     meant.code(), meant.message()};
      if (meant.code() == Code::kRowsRefused) errors.push_back({row, meant.message()});
      break;
    }
    producer_->produced(count);
    if (!failed) return std::move(failed.error());
    if (at == batch.selection.size()) prepared_ = nullptr;
    return at;
  }

 private:
  static Error replaced() { return {Action::kRecover, "the producer of this epoch was replaced"}; }

  rd_kafka_resp_err_t produce(const Batch& batch, RowIndex row, std::vector<RowError>& errors,
                              std::uint64_t& bytes, std::uint64_t& count) {
    scratch_.clear();
    const Result<Encoded> encoded = options_.encoder->encode(batch, row, scratch_);
    if (!encoded) {
      errors.push_back({row, encoded.error().message()});
      return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    std::optional<std::string_view> key;
    if (key_) key = key_->key(batch, row);
    const std::string_view key_bytes = key.value_or(std::string_view());
    // librdkafka takes a pointer that is not null with length 0 as an empty key, null as no key; a
    // view of an empty text may hold either.
    const char* const key_at = !key ? nullptr : key_bytes.empty() ? "" : key_bytes.data();
    void* const value = *encoded == Encoded::kNull ? nullptr : scratch_.data();
    const int result =
        rd_kafka_produce(topic_, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value,
                         value == nullptr ? 0 : scratch_.size(), key_at, key_bytes.size(), nullptr);
    if (result == -1) return rd_kafka_last_error();
    ++count;
    bytes += scratch_.size() + key_bytes.size();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  const KafkaSinkOptions& options_;
  const std::shared_ptr<ProducerSlot> slot_;
  const Waker* const room_;
  const std::unique_ptr<KeySource> key_;
  std::shared_ptr<Producer> producer_;
  rd_kafka_topic_t* topic_ = nullptr;
  const Batch* prepared_ = nullptr;
  std::vector<RowIndex> bad_keys_;
  std::string scratch_;
};

class KafkaSink final : public Sink {
 public:
  KafkaSink(KafkaSinkOptions options, std::shared_ptr<ProducerSlot> slot)
      : options_(std::move(options)), slot_(std::move(slot)) {}

  const std::string& name() const override { return options_.name; }

  Result<> check(MonoTime deadline) override {
    WEIR_ASSIGN(const auto client, Client::open(options_.cluster, RD_KAFKA_PRODUCER, {}));
    WEIR_ASSIGN(const auto topics, list_topics(*client, deadline));
    if (topics.contains(options_.topic)) return {};
    return Error{Action::kStopJob, Code::kTopicMissing,
                 "sink \"" + options_.name + "\": topic \"" + options_.topic +
                     "\" does not exist in cluster " + options_.cluster.name +
                     " (weir creates no topics; make it with: kafka-topics --bootstrap-server " +
                     options_.cluster.brokers + " --create --topic " + options_.topic + ")"};
  }

  Result<std::unique_ptr<SinkWriter>> open_writer(const Waker* room) override {
    return std::unique_ptr<SinkWriter>(std::make_unique<KafkaSinkWriter>(options_, slot_, room));
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

}  // namespace weir::kafka
