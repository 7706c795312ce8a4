#include "connectors/kafka/sink_writer.h"

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

// librdkafka takes a pointer that is not null with length 0 as empty, null as absent; a view of an
// empty text may hold either.
const char* bytes_of(std::string_view text) { return text.empty() ? "" : text.data(); }

// One row as librdkafka takes it.
struct Message {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
  std::span<const RecordHeader> headers;

  std::uint64_t bytes() const {
    std::uint64_t sum = key.value_or("").size() + value.value_or("").size();
    for (const RecordHeader& header : headers) sum += header.name.size() + header.value.size();
    return sum;
  }
};

rd_kafka_resp_err_t produce_with_headers(rd_kafka_t* handle, rd_kafka_topic_t* topic,
                                         const Message& message) {
  rd_kafka_headers_t* const headers = rd_kafka_headers_new(message.headers.size());
  for (const RecordHeader& header : message.headers) {
    rd_kafka_header_add(headers, bytes_of(header.name), static_cast<ssize_t>(header.name.size()),
                        header.value_null ? nullptr : bytes_of(header.value),
                        header.value_null ? 0 : static_cast<ssize_t>(header.value.size()));
  }
  const auto at = [](const std::optional<std::string_view>& text) {
    return text ? const_cast<char*>(bytes_of(*text)) : nullptr;
  };
  const rd_kafka_resp_err_t error =
      rd_kafka_producev(handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(message.partition),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                        RD_KAFKA_V_VALUE(at(message.value), message.value.value_or("").size()),
                        RD_KAFKA_V_KEY(at(message.key), message.key.value_or("").size()),
                        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
  // They are librdkafka's when it took the message.
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return error;
}

// rd_kafka_produce() costs less than rd_kafka_producev(), and headers are rare.
rd_kafka_resp_err_t produce(rd_kafka_t* handle, rd_kafka_topic_t* topic, const Message& message) {
  if (!message.headers.empty()) return produce_with_headers(handle, topic, message);
  const std::string_view key = message.key.value_or(std::string_view());
  const std::string_view value = message.value.value_or(std::string_view());
  const int result =
      rd_kafka_produce(topic, message.partition, RD_KAFKA_MSG_F_COPY,
                       message.value ? const_cast<char*>(bytes_of(value)) : nullptr, value.size(),
                       message.key ? bytes_of(key) : nullptr, key.size(), nullptr);
  return result == -1 ? rd_kafka_last_error() : RD_KAFKA_RESP_ERR_NO_ERROR;
}

class KafkaSinkWriter final : public SinkWriter {
 public:
  KafkaSinkWriter(const KafkaSinkOptions& options, BeginProducer begin, const Waker* room)
      : options_(options),
        begin_(std::move(begin)),
        room_(room),
        parts_(options.make_parts ? options.make_parts() : nullptr) {}

  ~KafkaSinkWriter() override {
    if (producer_) producer_->forget_room(room_);
  }

  Result<> begin(EpochId /*epoch*/) override {
    if (producer_) producer_->forget_room(room_);
    producer_.reset();
    WEIR_ASSIGN(producer_, begin_());
    const Entered entered(*producer_);
    if (!entered.open()) return replaced();
    topic_ = producer_->topic(options_.topic);
    WEIR_CHECK(topic_ != nullptr, "producers are opened with every sink's topic");
    prepared_ = nullptr;
    return {};
  }

  Result<std::size_t> write(const Batch& batch, std::size_t from, std::vector<RowError>& errors,
                            std::uint64_t& bytes) override {
    WEIR_CHECK(producer_ != nullptr, "begin() comes before write()");
    const Entered entered(*producer_);
    if (!entered.open()) return replaced();
    if (parts_ && prepared_ != &batch) WEIR_TRY(prepare(batch, errors));
    std::uint64_t count = 0;
    std::size_t at = from;
    Result<> failed;
    for (; at < batch.selection.size(); ++at) {
      const RowIndex row = batch.selection[at];
      if (std::binary_search(bad_rows_.begin(), bad_rows_.end(), row)) continue;
      const std::optional<Message> message = render(batch, row, errors);
      if (!message) continue;
      rd_kafka_resp_err_t error = produce(producer_->get(), topic_, *message);
      if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        producer_->produced(std::exchange(count, 0));
        producer_->wait_for_room(room_);
        error = produce(producer_->get(), topic_, *message);
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) break;
      }
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++count;
        bytes += message->bytes();
        continue;
      }
      if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION &&
          message->partition != RD_KAFKA_PARTITION_UA) {
        errors.push_back({row, no_such_partition(message->partition)});
        continue;
      }
      failed = failure(error, row, *message, errors);
      break;
    }
    producer_->produced(count);
    if (!failed) return std::move(failed.error());
    if (at == batch.selection.size()) prepared_ = nullptr;
    return at;
  }

 private:
  static Error replaced() { return {Action::kRecover, "the producer of this epoch was replaced"}; }

  Result<> prepare(const Batch& batch, std::vector<RowError>& errors) {
    const std::size_t before = errors.size();
    WEIR_TRY(parts_->prepare(batch, errors));
    bad_rows_.clear();
    for (std::size_t i = before; i < errors.size(); ++i) bad_rows_.push_back(errors[i].row);
    std::sort(bad_rows_.begin(), bad_rows_.end());
    prepared_ = &batch;
    return {};
  }

  // None: the row's error was noted. What it points to is valid until the next row.
  std::optional<Message> render(const Batch& batch, RowIndex row, std::vector<RowError>& errors) {
    Message message;
    if (!parts_ || !parts_->tombstone(batch, row)) {
      scratch_.clear();
      const Result<Encoded> encoded = options_.encoder->encode(batch, row, scratch_);
      if (!encoded) {
        errors.push_back({row, encoded.error().message()});
        return std::nullopt;
      }
      if (*encoded == Encoded::kValue) message.value = scratch_;
    }
    if (!parts_) return message;
    message.key = parts_->key(batch, row);
    message.headers = parts_->headers(batch, row);
    if (const std::optional<std::int32_t> partition = parts_->partition(batch, row)) {
      // A negative one would mean the partitioner to librdkafka.
      if (*partition < 0) {
        errors.push_back({row, no_such_partition(*partition)});
        return std::nullopt;
      }
      message.partition = *partition;
    }
    return message;
  }

  std::string no_such_partition(std::int32_t partition) const {
    std::string text = "topic \"" + options_.topic + "\" ";
    if (const std::optional<std::int32_t> count = producer_->partitions(topic_)) {
      text += "has " + std::to_string(*count) + (*count == 1 ? " partition" : " partitions") +
              ", there";
    } else {
      text += "is written and there";
    }
    return text + " is no partition " + std::to_string(partition);
  }

  Error failure(rd_kafka_resp_err_t error, RowIndex row, const Message& message,
                std::vector<RowError>& errors) const {
    const Error meant = to_error(error, "writing to topic " + options_.topic + ", a record of " +
                                            std::to_string(message.bytes()) + " bytes");
    if (meant.code() == Code::kRowsRefused) errors.push_back({row, meant.message()});
    return {meant.action() == Action::kStopJob ? Action::kStopJob : Action::kRecover, meant.code(),
            meant.message()};
  }

  const KafkaSinkOptions& options_;
  const BeginProducer begin_;
  const Waker* const room_;
  const std::unique_ptr<RecordParts> parts_;
  std::shared_ptr<Producer> producer_;
  rd_kafka_topic_t* topic_ = nullptr;
  const Batch* prepared_ = nullptr;
  std::vector<RowIndex> bad_rows_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<SinkWriter> make_sink_writer(const KafkaSinkOptions& options, BeginProducer begin,
                                             const Waker* room) {
  return std::make_unique<KafkaSinkWriter>(options, std::move(begin), room);
}

}  // namespace weir::kafka
