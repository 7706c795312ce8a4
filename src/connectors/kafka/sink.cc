#include "connectors/kafka/sink.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weir::kafka {
namespace {

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
    std::size_t at = from;
    while (at < batch.selection.size()) {
      const std::size_t known = errors.size();
      const std::size_t behind = render(batch, at, errors);
      std::size_t sent = send(0, bytes);
      if (sent < messages_.size() && messages_[sent].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        producer_->wait_for_room(room_);
        sent = send(sent, bytes);
      }
      if (sent == messages_.size()) {
        at = behind;
        continue;
      }
      at = rendered_[sent];
      // What stands behind it is rendered again, and says so again.
      const auto behind_it = [&](const RowError& error) { return error.row > batch.selection[at]; };
      errors.erase(std::remove_if(errors.begin() + static_cast<std::ptrdiff_t>(known), errors.end(),
                                  behind_it),
                   errors.end());
      if (messages_[sent].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) return at;
      return refused(messages_[sent], batch.selection[at], errors);
    }
    prepared_ = nullptr;
    return at;
  }

 private:
  static Error replaced() { return {Action::kRecover, "the producer of this epoch was replaced"}; }

  Error refused(const rd_kafka_message_t& message, RowIndex row,
                std::vector<RowError>& errors) const {
    const Error meant =
        to_error(message.err, "writing to topic " + options_.topic + ", a record of " +
                                  std::to_string(message.len) + " bytes");
    if (meant.code() == Code::kRowsRefused) errors.push_back({row, meant.message()});
    return {meant.action() == Action::kStopJob ? Action::kStopJob : Action::kRecover, meant.code(),
            meant.message()};
  }

  // Fills messages_ with the next rows from selection index `from` on; returns the index behind
  // them. Rows that cannot be rendered are left out and named.
  std::size_t render(const Batch& batch, std::size_t from, std::vector<RowError>& errors) {
    messages_.clear();
    rendered_.clear();
    bytes_.clear();
    std::size_t at = from;
    for (; at < batch.selection.size() && messages_.size() < kMessagesMax &&
           bytes_.size() < kBytesMax;
         ++at) {
      const RowIndex row = batch.selection[at];
      if (std::binary_search(bad_keys_.begin(), bad_keys_.end(), row)) continue;
      const std::size_t begin = bytes_.size();
      const Result<Encoded> encoded = options_.encoder->encode(batch, row, bytes_);
      if (!encoded) {
        bytes_.resize(begin);
        errors.push_back({row, encoded.error().message()});
        continue;
      }
      // Where bytes_ ends up is known when it has grown: until then any address means "a value".
      rd_kafka_message_t& message = messages_.emplace_back();
      message.payload = *encoded == Encoded::kNull ? nullptr : &bytes_;
      message.len = bytes_.size() - begin;
      rendered_.push_back(at);
      if (!key_) continue;
      if (const std::optional<std::string_view> key = key_->key(batch, row)) {
        bytes_ += *key;
        message.key = &bytes_;
        message.key_len = key->size();
      }
    }
    char* next = bytes_.data();
    for (rd_kafka_message_t& message : messages_) {
      // An empty value or key has an address too: null is a tombstone, or no key.
      if (message.payload != nullptr) message.payload = std::exchange(next, next + message.len);
      if (message.key != nullptr) message.key = std::exchange(next, next + message.key_len);
    }
    return at;
  }

  // Hands messages_ from `from` on to librdkafka; returns the index of the first that it did not
  // take, which says why. Those behind a refused one may have been taken, which an epoch that fails
  // does not mind; behind a full queue none is.
  std::size_t send(std::size_t from, std::uint64_t& bytes) {
    const int taken =
        rd_kafka_produce_batch(topic_, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                               messages_.data() + from, static_cast<int>(messages_.size() - from));
    producer_->produced(static_cast<std::uint64_t>(taken));
    while (from < messages_.size() && messages_[from].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      bytes += messages_[from].len + messages_[from].key_len;
      ++from;
    }
    return from;
  }

  // librdkafka takes a batch under one lock and with one look at the clock, a tenth less than one
  // by one; 128 payments fit into the first-level cache.
  static constexpr std::size_t kMessagesMax = 128;
  static constexpr std::size_t kBytesMax = 256U * 1024;

  const KafkaSinkOptions& options_;
  const std::shared_ptr<ProducerSlot> slot_;
  const Waker* const room_;
  const std::unique_ptr<KeySource> key_;
  std::shared_ptr<Producer> producer_;
  rd_kafka_topic_t* topic_ = nullptr;
  const Batch* prepared_ = nullptr;
  std::vector<RowIndex> bad_keys_;
  std::vector<rd_kafka_message_t> messages_;
  std::vector<std::size_t> rendered_;  // where messages_ stand in the selection
  std::string bytes_;                  // their values and keys, one behind the other
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
