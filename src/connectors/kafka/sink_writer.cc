#include "connectors/kafka/sink_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weir::kafka {
namespace {

// How long the report of a refused row is waited for, on the way to RECOVER.
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

// librdkafka takes a pointer that is not null with length 0 as empty, null as absent; a view of an
// empty text may hold either.
const char* bytes_of(std::string_view text) { return text.empty() ? "" : text.data(); }

// One row as librdkafka takes it.
struct Message : OutputRecord {
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
  void* mark = nullptr;  // of the record that it is made of

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
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(message.partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_VALUE(at(message.value), message.value.value_or("").size()),
      RD_KAFKA_V_KEY(at(message.key), message.key.value_or("").size()), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_OPAQUE(message.mark), RD_KAFKA_V_END);
  // They are librdkafka's when it took the message.
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return error;
}

rd_kafka_resp_err_t produce(rd_kafka_t* handle, rd_kafka_topic_t* topic, const Message& message) {
  if (!message.headers.empty()) return produce_with_headers(handle, topic, message);
  const std::string_view key = message.key.value_or(std::string_view());
  const std::string_view value = message.value.value_or(std::string_view());
  const int result =
      rd_kafka_produce(topic, message.partition, RD_KAFKA_MSG_F_COPY,
                       message.value ? const_cast<char*>(bytes_of(value)) : nullptr, value.size(),
                       message.key ? bytes_of(key) : nullptr, key.size(), message.mark);
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

  Result<> begin(EpochId epoch) override {
    if (producer_) producer_->forget_room(room_);
    producer_.reset();
    WEIR_ASSIGN(producer_, begin_());
    const Entered entered(*producer_);
    if (!entered.open()) return replaced();
    topic_ = producer_->topic(options_.topic);
    WEIR_CHECK(topic_ != nullptr, "producers are opened with every sink's topic");
    prepared_ = nullptr;
    failed_until_.reset();
    producer_->limits().begin(epoch);
    some_refused_ = producer_->limits().any(options_.topic);
    return {};
  }

  Result<std::size_t> write(const Batch& batch, std::size_t from, std::vector<RowError>& errors,
                            std::uint64_t& bytes) override {
    WEIR_CHECK(producer_ != nullptr, "begin() comes before write()");
    const Entered entered(*producer_);
    if (!entered.open()) return replaced();
    if (parts_ && prepared_ != &batch) WEIR_TRY(prepare(batch, errors));
    std::size_t at = from;
    while (at < batch.selection.size()) {
      const std::size_t known = errors.size();
      const std::size_t behind = collect(batch, at, errors);
      std::size_t sent = send(0, batch, errors, bytes);
      if (sent < messages_.size() && messages_[sent].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        producer_->wait_for_room(room_);
        sent = send(sent, batch, errors, bytes);
      }
      if (sent == messages_.size()) {
        at = behind;
        continue;
      }
      const rd_kafka_resp_err_t error = messages_[sent].err;
      const RowIndex row = batch.selection[rendered_[sent]];
      at = rendered_[sent];
      // What stands behind it is rendered again, and says so again.
      const auto behind_it = [row](const RowError& each) { return each.row > row; };
      errors.erase(std::remove_if(errors.begin() + static_cast<std::ptrdiff_t>(known), errors.end(),
                                  behind_it),
                   errors.end());
      if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL || waits_for_cause(error)) return at;
      return failure(error);
    }
    prepared_ = nullptr;
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

  // Fills messages_ with the next rows from selection index `from` on, or with one alone; returns
  // the index behind them. Rows that cannot be rendered are left out and named.
  std::size_t collect(const Batch& batch, std::size_t from, std::vector<RowError>& errors) {
    const std::uint64_t origin = producer_->marks().number_of(batch.origin);
    messages_.clear();
    rendered_.clear();
    bytes_.clear();
    alone_.reset();
    std::size_t at = from;
    while (at < batch.selection.size() && messages_.size() < kMessagesMax &&
           bytes_.size() < kBytesMax && !alone_) {
      const RowIndex row = batch.selection[at];
      const bool bad = std::binary_search(bad_rows_.begin(), bad_rows_.end(), row);
      std::optional<Message> message = bad ? std::nullopt : taken(batch, row, errors);
      if (message && origin != 0) {
        message->mark = RecordMarks::mark(origin, batch.records[row].offset);
      }
      // A batch of librdkafka's has no headers, and loses a message whose partition is not there.
      const bool alone =
          message && (message->partition != RD_KAFKA_PARTITION_UA || !message->headers.empty());
      if (alone && !messages_.empty()) break;
      if (message) rendered_.push_back(at);
      if (message) add(*message);
      if (alone) alone_ = message;
      ++at;
    }
    char* next = bytes_.data();
    for (rd_kafka_message_t& message : messages_) {
      if (message.payload != nullptr) message.payload = std::exchange(next, next + message.len);
      if (message.key != nullptr) message.key = std::exchange(next, next + message.key_len);
    }
    if (alone_ && alone_->value) {
      const rd_kafka_message_t& moved = messages_.front();
      alone_->value = std::string_view(static_cast<const char*>(moved.payload), moved.len);
    }
    return at;
  }

  // Where bytes_ ends up is known when it has grown; until then any address means that there is
  // one.
  void add(const Message& from) {
    rd_kafka_message_t& message = messages_.emplace_back();
    message.payload = from.value ? this : nullptr;
    message.len = from.value.value_or("").size();
    message.key = from.key ? this : nullptr;
    message.key_len = from.key.value_or("").size();
    message._private = from.mark;
    bytes_ += from.key.value_or("");
  }

  // Hands messages_ from `from` on to librdkafka; returns the index of the first that it did not
  // take, which says why, but for rows that it never takes: those go to `errors`. Others behind a
  // refused one may have been taken, which an epoch that fails does not mind; behind a full queue
  // none is.
  std::size_t send(std::size_t from, const Batch& batch, std::vector<RowError>& errors,
                   std::uint64_t& bytes) {
    const bool one = alone_.has_value();
    if (one) messages_.front().err = produce(producer_->get(), topic_, *alone_);
    const int taken = one ? static_cast<int>(messages_.front().err == RD_KAFKA_RESP_ERR_NO_ERROR)
                          : rd_kafka_produce_batch(topic_, RD_KAFKA_PARTITION_UA,
                                                   RD_KAFKA_MSG_F_COPY, messages_.data() + from,
                                                   static_cast<int>(messages_.size() - from));
    producer_->produced(static_cast<std::uint64_t>(taken));
    for (; from < messages_.size(); ++from) {
      const rd_kafka_message_t& message = messages_[from];
      const std::size_t size = one ? alone_->bytes() : message.len + message.key_len;
      if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        bytes += size;
      } else if (message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        errors.push_back({batch.selection[rendered_[from]], too_large_for_producer(size)});
      } else if (one && alone_->partition != RD_KAFKA_PARTITION_UA &&
                 message.err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
        errors.push_back({batch.selection[rendered_[from]], no_such_partition(alone_->partition)});
      } else {
        break;
      }
    }
    return from;
  }

  // What is rendered, unless the broker has refused it in an earlier attempt of this epoch.
  std::optional<Message> taken(const Batch& batch, RowIndex row, std::vector<RowError>& errors) {
    std::optional<Message> message = render(batch, row, errors);
    if (!some_refused_ || !message) return message;
    if (!producer_->limits().refuses(options_.topic, *message)) return message;
    errors.push_back({row, too_large_for_topic(*message)});
    bytes_.resize(bytes_.size() - message->value.value_or("").size());
    return std::nullopt;
  }

  // Puts the value behind bytes_. None: the row's error was noted. What it points to is valid until
  // the next row, or until bytes_ grows.
  std::optional<Message> render(const Batch& batch, RowIndex row, std::vector<RowError>& errors) {
    Message message;
    if (!parts_ || !parts_->tombstone(batch, row)) {
      const std::size_t begin = bytes_.size();
      const Result<Encoded> encoded = options_.encoder->encode(batch, row, bytes_);
      if (!encoded) {
        bytes_.resize(begin);
        errors.push_back({row, encoded.error().message()});
        return std::nullopt;
      }
      if (*encoded == Encoded::kValue) message.value = std::string_view(bytes_).substr(begin);
    }
    if (!parts_) return message;
    message.key = parts_->key(batch, row);
    message.headers = parts_->headers(batch, row);
    if (const std::optional<std::int32_t> partition = parts_->partition(batch, row)) {
      // A negative one would mean the partitioner to librdkafka.
      if (*partition < 0) {
        errors.push_back({row, no_such_partition(*partition)});
        bytes_.resize(bytes_.size() - message.value.value_or("").size());
        return std::nullopt;
      }
      message.partition = *partition;
    }
    return message;
  }

  std::string too_large_for_producer(std::size_t bytes) const {
    return "a record of " + std::to_string(bytes) + " bytes is too large for topic \"" +
           options_.topic +
           "\": the limit is the sink's `properties: { message.max.bytes: ... }`, 1 MB unless set";
  }

  std::string too_large_for_topic(const Message& message) const {
    const std::optional<std::uint64_t> limit = producer_->limits().batch_bytes_max(options_.topic);
    return "a record of " + std::to_string(message.bytes()) + " bytes is too large for topic \"" +
           options_.topic + "\": the broker refused it, its max.message.bytes is " +
           std::to_string(limit.value_or(0));
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

  // _STATE, _PURGE_QUEUE, _FATAL: the transaction has failed for a record before this one.
  static bool says_nothing(const Error& error) { return error.code() == Code::kNone; }

  // The report of that record says why, some moments later: refusals at the same positions are to
  // be known as such, also under load. The worker is free meanwhile, as when the sink is full.
  bool waits_for_cause(rd_kafka_resp_err_t error) {
    if (!says_nothing(to_error(error, {}))) return false;
    const MonoTime now = std::chrono::steady_clock::now();
    if (!failed_until_) failed_until_ = now + kCausePatience;
    return now < *failed_until_ && producer_->wait_for_cause(room_);
  }

  Error failure(rd_kafka_resp_err_t error) const {
    const Error meant = to_error(error, "writing to topic " + options_.topic);
    if (says_nothing(meant)) {
      if (std::optional<Error> cause = producer_->cause()) return std::move(*cause);
    }
    return {meant.action() == Action::kStopJob ? Action::kStopJob : Action::kRecover, meant.code(),
            meant.message()};
  }

  // librdkafka takes a batch under one lock and with one look at the clock, which saves a tenth of
  // what it costs one by one; 128 payments fit into the first-level cache.
  static constexpr std::size_t kMessagesMax = 128;
  static constexpr std::size_t kBytesMax = 256U * 1024;

  const KafkaSinkOptions& options_;
  const BeginProducer begin_;
  const Waker* const room_;
  const std::unique_ptr<RecordParts> parts_;
  std::shared_ptr<Producer> producer_;
  rd_kafka_topic_t* topic_ = nullptr;
  bool some_refused_ = false;             // as too large, in this epoch
  std::optional<MonoTime> failed_until_;  // the transaction has failed; its cause is waited for
  const Batch* prepared_ = nullptr;
  std::vector<RowIndex> bad_rows_;
  std::vector<rd_kafka_message_t> messages_;
  std::vector<std::size_t> rendered_;  // where messages_ stand in the selection
  std::string bytes_;                  // their values and keys, one behind the other
  std::optional<Message> alone_;       // the only one of messages_, as it is
};

}  // namespace

std::unique_ptr<SinkWriter> make_sink_writer(const KafkaSinkOptions& options, BeginProducer begin,
                                             const Waker* room) {
  return std::make_unique<KafkaSinkWriter>(options, std::move(begin), room);
}

}  // namespace weir::kafka
