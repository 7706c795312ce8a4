#include "connectors/kafka/partition_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace weir::kafka {
namespace {

std::string_view view(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

class PartitionReader final : public SplitReader {
 public:
  PartitionReader(Client& client, Queue queue, Reading reading)
      : client_(client),
        queue_(std::move(queue)),
        reading_(std::move(reading)),
        position_(reading_.position),
        end_(reading_.end) {
    if (end_) look_at(*end_);
  }

  ~PartitionReader() override {
    for (; taken_ < got_; ++taken_) rd_kafka_message_destroy(messages_[taken_]);
  }

  void read_to(const Position& end) override {
    const std::optional<PartitionPosition> position = decode_position(end);
    WEIR_CHECK(position.has_value(), "positions of a Kafka source come from it");
    if (!end_) return;
    look_at(position->next);
    end_ = std::max(*end_, position->next);
  }

  Result<Fetch> fetch(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max) override {
    if (std::exchange(outside_, false)) {
      WEIR_ASSIGN(const std::uint64_t lost, out_of_range(position_.next));
      Fetch fetched = answer(FetchState::kLost);
      fetched.lost = lost;
      return fetched;
    }
    if (end_reached()) return answer(FetchState::kEnd);
    if (lost_) return answer(FetchState::kNothing);
    into.origin = reading_.origin;
    if (taken_ == got_ && !refill(rows_max, bytes_max)) {
      client_.poll();
      return answer(FetchState::kNothing);
    }
    FetchState state = FetchState::kRecords;
    Fetch counted;
    into.records.reserve(got_ - taken_);
    // What is over the bound waits in messages_.
    for (; taken_ < got_ && into.payload_bytes < bytes_max; ++taken_) {
      rd_kafka_message_t* const message = messages_[taken_];
      if (is_beyond_end(*message)) {
        // It stays here: the end may be moved.
        position_.next = *end_;
        state = FetchState::kEnd;
        break;
      }
      const bool outside = message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
      // What was read before goes first.
      if (outside && !into.records.empty()) break;
      const Result<> taken = take(*message, into, state, counted);
      rd_kafka_message_destroy(message);
      if (!taken) {
        ++taken_;
        return taken.error();
      }
    }
    finish(into);
    Fetch fetched = answer(state);
    fetched.dropped = counted.dropped;
    fetched.skipped = counted.skipped;
    fetched.lost = counted.lost;
    return fetched;
  }

 private:
  // Large records make small batches: librdkafka takes a count, not bytes.
  bool refill(std::size_t rows_max, std::size_t bytes_max) {
    const std::size_t wanted =
        std::clamp<std::size_t>(bytes_max / std::max<std::size_t>(record_bytes_, 1), 1,
                                std::min(rows_max, messages_.size()));
    const ssize_t got = rd_kafka_consume_batch_queue(queue_.get(), 0, messages_.data(), wanted);
    taken_ = 0;
    got_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got_ > 0;
  }

  bool is_beyond_end(const rd_kafka_message_t& message) const {
    return end_ && message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.offset >= *end_;
  }

  Fetch answer(FetchState state) const {
    Fetch fetched;
    fetched.state = state;
    fetched.next = encode_position(position_);
    std::int64_t low = 0;
    std::int64_t high = 0;
    if (rd_kafka_get_watermark_offsets(client_.get(), partition().topic.c_str(),
                                       partition().partition, &low,
                                       &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        high >= 0) {
      fetched.lag_records = std::max<std::int64_t>(0, high - position_.next);
    }
    return fetched;
  }

  Result<> take(const rd_kafka_message_t& message, RecordBatch& into, FetchState& state,
                Fetch& counted) {
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      position_.next = std::max(position_.next, message.offset);
      if (reading_.progress) reading_.progress->end = message.offset;
      state = end_reached() ? FetchState::kEnd : FetchState::kCaughtUp;
      return {};
    }
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      WEIR_ASSIGN(counted.lost, out_of_range(message.offset));
      state = FetchState::kLost;
      return {};
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Error error = to_error(message.err, "reading " + split_name(partition()));
      if (error.action() == Action::kStopJob) return error;
      return Error{Action::kRecover, error.code(), error.message()};
    }
    if (message.offset < position_.next) {
      ++counted.dropped;
      return {};
    }
    state = FetchState::kRecords;
    position_.next = message.offset + 1;
    if (reading_.skips.contains(message.offset)) {
      ++counted.skipped;
      leave_out(message);
    } else {
      copy(message, into);
    }
    return {};
  }

  // It counts as consumed, so the tail is compared with it like with any other record.
  void leave_out(const rd_kafka_message_t& message) {
    log(LogLevel::kWarn, "record " + split() + "@" + std::to_string(message.offset) +
                             " is left out, as `weir offsets skip` asked");
    position_.tail_offset = message.offset;
    position_.tail_fp = fingerprint_of(message);
  }

  void copy(const rd_kafka_message_t& message, RecordBatch& into) {
    Arena& arena = *into.arena;
    Record& record = into.records.emplace_back();
    record.offset = message.offset;
    rd_kafka_timestamp_type_t type{};
    const std::int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &type);
    record.timestamp_us =
        type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : record_micros(timestamp_ms);
    timestamp_ms_ = timestamp_ms;
    record.key_null = message.key == nullptr;
    if (!record.key_null) record.key = arena.copy(view(message.key, message.key_len));
    record.value_null = message.payload == nullptr;
    if (!record.value_null)
      record.value = arena.copy(view(message.payload, message.len), kValuePadding);
    into.payload_bytes += message.len + message.key_len;
    if (reading_.with_headers) copy_headers(message, record, arena);
  }

  static void copy_headers(const rd_kafka_message_t& message, Record& record, Arena& arena) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const std::size_t count = rd_kafka_header_cnt(headers);
    const std::span<RecordHeader> copies = arena.array<RecordHeader>(count);
    for (std::size_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      const void* value = nullptr;
      std::size_t size = 0;
      rd_kafka_header_get_all(headers, i, &name, &value, &size);
      copies[i] = {arena.copy(name),
                   value == nullptr ? std::string_view() : arena.copy(view(value, size)),
                   value == nullptr};
    }
    record.headers = copies;
  }

  void finish(const RecordBatch& into) {
    if (into.records.empty()) return;
    const Record& last = into.records.back();
    if (reading_.progress) reading_.progress->given = last.offset + 1;
    if (last.offset > position_.tail_offset) {
      position_.tail_offset = last.offset;
      position_.tail_fp = tail_fingerprint(last.offset, timestamp_ms_, last.key, last.value);
    }
    record_bytes_ = into.payload_bytes / into.records.size() + 1;
  }

  // A log that is to be read up to where it ends, and ends before the position: as its end is
  // reached already, nothing is fetched that would say so.
  void look_at(std::int64_t end) {
    outside_ = end < position_.next && reading_.on_data_loss != OnDataLoss::kFail;
  }

  // What the log holds in place of position `at`, and what that means. Offsets lost.
  Result<std::uint64_t> out_of_range(std::int64_t at) {
    std::int64_t low = -1;
    std::int64_t high = -1;
    // At most 5 s on a worker, once in a loss.
    const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        client_.get(), partition().topic.c_str(), partition().partition, &low, &high, 5000);
    // Without an answer nothing says which of the two it is, nor that it still is.
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Error unknown = to_error(error, "position " + std::to_string(at) + " of " + split() +
                                          " is out of range; asking what the log holds");
      return Error{Action::kRecover, unknown.code(), unknown.message()};
    }
    std::string text = split() + ": position " + std::to_string(at) +
                       " is not in the log any more, which holds " + std::to_string(low) + " to " +
                       std::to_string(high);
    if (reading_.on_data_loss != OnDataLoss::kFail) {
      const bool holds_it = low <= at && at <= high;
      if (!holds_it) return go_on(at, low, high, text);
      // It was out of range for a moment, or the topic was made again and has grown: the tail check
      // tells the two apart.
      return Error{Action::kRecover, text + ": it is in range again"};
    }
    if (low > at) {
      text += ": " + std::to_string(low - at) + " offsets were deleted before they were read";
    } else {
      text += ": the topic is shorter than it was, so it was deleted and made again";
    }
    text += "\n  weir offsets " + reading_.job + " seek " + split() +
            "=earliest   goes on from the beginning of what is there";
    return Error{Action::kHalt, low > at ? Code::kDataLoss : Code::kSourceRewritten, text};
  }

  // The fingerprint is of a record that is gone.
  std::uint64_t go_on(std::int64_t from, std::int64_t low, std::int64_t high,
                      const std::string& found) {
    const Resumption resumed = resume_after_loss(from, low, high, end_, reading_.on_data_loss);
    position_ = {.next = resumed.next, .tail_offset = -1, .tail_fp = 0};
    lost_ = true;
    const bool earliest = reading_.on_data_loss == OnDataLoss::kEarliest;
    log(LogLevel::kWarn,
        found + ": `on_data_loss: " + (earliest ? "earliest" : "latest") + "` goes on at " +
            std::to_string(resumed.next) + ", " + std::to_string(resumed.lost) + " offsets lost" +
            (high < from ? ", besides what the topic held before it was made again" : ""));
    return resumed.lost;
  }

  const TopicPartition& partition() const { return reading_.partition; }
  std::string split() const { return reading_.source + "/" + split_name(partition()); }
  bool end_reached() const { return end_ && position_.next >= *end_; }

  Client& client_;
  const Queue queue_;
  const Reading reading_;
  PartitionPosition position_;
  std::optional<std::int64_t> end_;
  bool outside_ = false;           // the log seems to end before the position
  bool lost_ = false;              // nothing more comes
  std::int64_t timestamp_ms_ = 0;  // of the last record
  std::size_t record_bytes_ = 200;
  std::array<rd_kafka_message_t*, 1024> messages_{};
  std::size_t taken_ = 0;  // of messages_; up to got_ they wait here
  std::size_t got_ = 0;
};

}  // namespace

std::unique_ptr<SplitReader> make_partition_reader(Client& client, Queue queue, Reading reading) {
  return std::make_unique<PartitionReader>(client, std::move(queue), std::move(reading));
}

std::uint64_t fingerprint_of(const rd_kafka_message_t& message) {
  return tail_fingerprint(message.offset, rd_kafka_message_timestamp(&message, nullptr),
                          view(message.key, message.key_len), view(message.payload, message.len));
}

}  // namespace weir::kafka
