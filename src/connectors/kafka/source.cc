#include "connectors/kafka/source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/check.h"
#include "base/log.h"
#include "connectors/kafka/group.h"
#include "connectors/kafka/position.h"
#include "connectors/kafka/queue_bounds.h"

namespace weir::kafka {
namespace {

using std::chrono::milliseconds;

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const {
    rd_kafka_queue_io_event_enable(queue, -1, nullptr, 0);
    rd_kafka_queue_destroy(queue);
  }
};
using Queue = std::unique_ptr<rd_kafka_queue_t, QueueDeleter>;

// What an eventfd takes: one, as the eight bytes of a u64.
constexpr std::uint64_t kOne = 1;

std::string_view view(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

std::uint64_t fingerprint_of(const rd_kafka_message_t& message) {
  return tail_fingerprint(message.offset, rd_kafka_message_timestamp(&message, nullptr),
                          view(message.key, message.key_len), view(message.payload, message.len));
}

// One partition as it is assigned to a reader.
struct Reading {
  std::string source;  // its name in the job file
  std::string job;     // the job file, for the commands in messages
  std::shared_ptr<const Origin> origin;
  TopicPartition partition;
  PartitionPosition position;
  std::optional<std::int64_t> end;
  std::set<std::int64_t> skips;
  bool with_headers = false;
};

class PartitionReader final : public SplitReader {
 public:
  PartitionReader(Client& client, Queue queue, Reading reading)
      : client_(client),
        queue_(std::move(queue)),
        reading_(std::move(reading)),
        position_(reading_.position),
        end_(reading_.end) {}

  ~PartitionReader() override {
    for (; taken_ < got_; ++taken_) rd_kafka_message_destroy(messages_[taken_]);
  }

  void read_to(const Position& end) override {
    const std::optional<PartitionPosition> position = decode_position(end);
    WEIR_CHECK(position.has_value(), "positions of a Kafka source come from it");
    if (end_) end_ = std::max(*end_, position->next);
  }

  Result<Fetch> fetch(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max) override {
    if (end_reached()) return answer(FetchState::kEnd);
    into.origin = reading_.origin;
    if (taken_ == got_ && !refill(rows_max, bytes_max)) {
      client_.poll();
      return answer(FetchState::kNothing);
    }
    FetchState state = FetchState::kRecords;
    Fetch counted;
    into.records.reserve(got_ - taken_);
    for (; taken_ < got_; ++taken_) {
      rd_kafka_message_t* const message = messages_[taken_];
      if (is_beyond_end(*message)) {
        // It stays here: the end may be moved.
        position_.next = *end_;
        state = FetchState::kEnd;
        break;
      }
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
      state = end_reached() ? FetchState::kEnd : FetchState::kCaughtUp;
      return {};
    }
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) return out_of_range(message);
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
    record.timestamp_us = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : timestamp_ms * 1000;
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
    if (last.offset > position_.tail_offset) {
      position_.tail_offset = last.offset;
      position_.tail_fp = tail_fingerprint(last.offset, timestamp_ms_, last.key, last.value);
    }
    record_bytes_ = into.payload_bytes / into.records.size() + 1;
  }

  Error out_of_range(const rd_kafka_message_t& message) const {
    std::int64_t low = -1;
    std::int64_t high = -1;
    // At most 5 s on a worker, once, on the way to a HALT.
    rd_kafka_query_watermark_offsets(client_.get(), partition().topic.c_str(),
                                     partition().partition, &low, &high, 5000);
    std::string text = split() + ": position " + std::to_string(message.offset) +
                       " is not in the log any more, which holds " + std::to_string(low) + " to " +
                       std::to_string(high);
    if (low > message.offset) {
      text += ": " + std::to_string(low - message.offset) +
              " offsets were deleted before they were read";
    } else {
      text += ": the topic is shorter than it was, so it was deleted and made again";
    }
    text += "\n  weir offsets " + reading_.job + " seek " + split() +
            "=earliest   goes on from the beginning of what is there";
    return {Action::kHalt, low > message.offset ? Code::kDataLoss : Code::kSourceRewritten, text};
  }

  const TopicPartition& partition() const { return reading_.partition; }
  std::string split() const { return reading_.source + "/" + split_name(partition()); }
  bool end_reached() const { return end_ && position_.next >= *end_; }

  Client& client_;
  const Queue queue_;
  const Reading reading_;
  PartitionPosition position_;
  std::optional<std::int64_t> end_;
  std::int64_t timestamp_ms_ = 0;  // of the last record
  std::size_t record_bytes_ = 200;
  std::array<rd_kafka_message_t*, 1024> messages_{};
  std::size_t taken_ = 0;  // of messages_; up to got_ they wait here
  std::size_t got_ = 0;
};

class KafkaSource final : public Source {
 public:
  explicit KafkaSource(KafkaSourceOptions options)
      : options_(std::move(options)), groups_(options_.cluster) {}

  const std::string& name() const override { return options_.name; }

  Result<std::string> identity(MonoTime deadline) override {
    WEIR_ASSIGN(Client * client, consumer());
    WEIR_TRY(list_topics(*client, deadline));
    char* id = rd_kafka_clusterid(client->get(), ms_left(deadline));
    if (id == nullptr) {
      return client->explained(
          to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking " + options_.cluster.name + " who it is"));
    }
    std::string text = id;
    rd_kafka_mem_free(client->get(), id);
    return text;
  }

  Result<std::vector<SplitListing>> discover(MonoTime deadline) override {
    WEIR_ASSIGN(Client * client, consumer());
    WEIR_ASSIGN(const auto topics, list_topics(*client, deadline));
    std::vector<SplitListing> splits;
    for (const auto& [topic, partitions] : options_.assign) {
      const auto found = topics.find(topic);
      if (found == topics.end()) return missing(topic);
      for (const std::int32_t partition : partitions) {
        if (partition >= found->second) {
          return Error{Action::kStopJob, Code::kTopicMissing,
                       "source \"" + options_.name + "\": topic \"" + topic + "\" has " +
                           std::to_string(found->second) + " partitions, there is no partition " +
                           std::to_string(partition)};
        }
        splits.push_back(listing({topic, partition}));
      }
    }
    for (const std::string& topic : options_.topics) {
      const auto found = topics.find(topic);
      if (found == topics.end()) return missing(topic);
      for (std::int32_t i = 0; i < found->second; ++i) splits.push_back(listing({topic, i}));
    }
    return splits;
  }

  bool starts_at_committed() const override { return options_.start == Start::kCommitted; }
  bool start_is_explicit() const override { return options_.start_is_explicit; }

  Result<std::map<std::string, Position>> first_positions(const std::vector<std::string>& splits,
                                                          MonoTime deadline) override {
    switch (options_.start) {
      case Start::kEarliest:
        return beginnings(splits, deadline);
      case Start::kLatest:
        return at_edges(splits, deadline, false);
      case Start::kTimestamp:
        return at_timestamp(splits, options_.start_timestamp_us, deadline);
      case Start::kOffsets:
        return start_at_offsets(splits, deadline);
      case Start::kCommitted:
        break;
    }
    WEIR_CHECK(false, "committed positions are read by the decider");
  }

  Result<std::map<std::string, Position>> beginnings(const std::vector<std::string>& splits,
                                                     MonoTime deadline) override {
    return at_edges(splits, deadline, true);
  }

  bool bounded() const override { return options_.end != End::kNone; }

  Result<std::map<std::string, Position>> ends(const std::vector<std::string>& splits,
                                               MonoTime deadline) override {
    switch (options_.end) {
      case End::kLatest:
        return at_edges(splits, deadline, false);
      case End::kTimestamp:
        return at_timestamp(splits, options_.end_timestamp_us, deadline);
      case End::kOffsets:
        return at_offsets(splits, options_.end_offsets, deadline, "end");
      case End::kNone:
        break;
    }
    return std::map<std::string, Position>{};
  }

  Result<std::map<std::string, Position>> ends_now(const std::vector<std::string>& splits,
                                                   MonoTime deadline) override {
    return at_edges(splits, deadline, false);
  }

  Result<std::vector<TailCheck>> verify_tails(const std::vector<SplitAssignment>& assignments,
                                              MonoTime deadline) override {
    std::vector<TailCheck> checks;
    std::unique_ptr<Client> reader;
    for (const SplitAssignment& assignment : assignments) {
      TailCheck check{assignment.split, TailState::kUnverified, "nothing was consumed yet"};
      const PartitionPosition position = decoded(assignment.position);
      if (position.tail_fp != 0) {
        if (!reader) {
          // A fetch that waits at one partition's end holds the next partition's up.
          WEIR_ASSIGN(reader, open_consumer("10"));
        }
        WEIR_TRY(verify_tail(*reader, assignment, position, check, deadline));
      }
      checks.push_back(std::move(check));
    }
    return checks;
  }

  Result<MirrorReading> read_group(const std::vector<SplitId>& splits, bool with_members,
                                   MonoTime deadline) override {
    MirrorReading reading;
    WEIR_ASSIGN(reading.entries, groups_.read_mirror(options_.group, splits, deadline));
    if (with_members) {
      WEIR_ASSIGN(const bool members, groups_.has_members(options_.group, deadline));
      if (members) reading.groups_with_members.push_back(options_.group);
    }
    return reading;
  }

  Result<> publish(const MirrorMark& mark, const MirrorPositions& positions,
                   MonoTime /*deadline*/) override {
    std::vector<GroupOffset> offsets;
    for (const auto& [split, position] : positions) {
      offsets.push_back(group_offset(partition_of(split.split), decoded(position), mark));
    }
    return groups_.commit(options_.group, offsets);
  }

  Result<std::vector<std::unique_ptr<SplitReader>>> assign(
      const std::vector<SplitAssignment>& assignments,
      const std::vector<const Waker*>& wakers) override {
    // The bound is that of each partition's queue, and librdkafka takes it when a handle is made.
    if (assignments.size() != partitions_) consumer_.reset();
    partitions_ = assignments.size();
    WEIR_ASSIGN(Client * client, consumer());
    const TopicList list = make_topic_list(assignments.size());
    std::vector<std::unique_ptr<SplitReader>> readers;
    for (std::size_t i = 0; i < assignments.size(); ++i) {
      const TopicPartition partition = partition_of(assignments[i].split.split);
      Reading reading = reading_of(assignments[i], partition);
      rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
          ->offset = reading.position.next;
      // Before assign, so that nothing is forwarded to the consumer's own queue.
      Queue queue(rd_kafka_queue_get_partition(client->get(), partition.topic.c_str(),
                                               partition.partition));
      rd_kafka_queue_forward(queue.get(), nullptr);
      rd_kafka_queue_io_event_enable(queue.get(), wakers[i]->fd(), &kOne, sizeof kOne);
      readers.push_back(
          std::make_unique<PartitionReader>(*client, std::move(queue), std::move(reading)));
    }
    const rd_kafka_resp_err_t error = rd_kafka_assign(client->get(), list.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      readers.clear();
      return to_error(error, "assigning the partitions of source \"" + options_.name + "\"");
    }
    return readers;
  }

  void unassign() override { consumer_.reset(); }

  Result<> health() override {
    if (!consumer_) return {};
    consumer_->poll();
    if (std::optional<Error> fault = consumer_->fault()) return std::move(*fault);
    if (consumer_->take_topic_gone()) {
      return Error{Action::kRecover, Code::kTopicMissing,
                   "a topic of source \"" + options_.name + "\" vanished or was made again"};
    }
    return {};
  }

  std::string describe(const Position& position) const override {
    return std::to_string(decoded(position).next);
  }

  Result<Position> parse_position(std::string_view text) const override {
    PartitionPosition position;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), position.next);
    if (error != std::errc{} || end != text.data() + text.size() || position.next < 0) {
      return Error{Action::kStopJob, "\"" + std::string(text) + "\" is not an offset"};
    }
    return encode_position(position);
  }

  std::optional<std::int64_t> distance(const Position& from, const Position& to) const override {
    return decoded(to).next - decoded(from).next;
  }

 private:
  Reading reading_of(const SplitAssignment& assignment, const TopicPartition& partition) const {
    Reading reading{.source = options_.name,
                    .job = options_.job,
                    .origin = listing(partition).origin,
                    .partition = partition,
                    .position = decoded(assignment.position),
                    .end = {},
                    .skips = {},
                    .with_headers = options_.with_headers};
    if (assignment.end) reading.end = decoded(*assignment.end).next;
    for (const Position& skip : assignment.skips) reading.skips.insert(decoded(skip).next);
    return reading;
  }
  static PartitionPosition decoded(const Position& position) {
    const std::optional<PartitionPosition> value = decode_position(position);
    WEIR_CHECK(value.has_value(), "positions of a Kafka source come from it");
    return *value;
  }
  static TopicPartition partition_of(const std::string& split) {
    const std::optional<TopicPartition> parsed = parse_split(split);
    WEIR_CHECK(parsed.has_value(), "splits of a Kafka source are topic/partition");
    return *parsed;
  }

  Error missing(const std::string& topic) const {
    return {Action::kStopJob, Code::kTopicMissing,
            "source \"" + options_.name + "\": topic \"" + topic + "\" does not exist in cluster " +
                options_.cluster.name};
  }

  SplitListing listing(const TopicPartition& partition) const {
    auto origin = std::make_shared<Origin>();
    origin->source = options_.index;
    origin->split = split_name(partition);
    origin->topic = partition.topic;
    origin->partition = partition.partition;
    origin->id_prefix = partition.topic + ":" + std::to_string(partition.partition) + ":";
    return {origin->split, origin};
  }

  Result<std::unique_ptr<Client>> open_consumer(const char* fetch_wait_ms) const {
    const QueueBounds bounds = share_queues(options_.fetch_bytes, partitions_);
    Properties settings = {
        {"group.id", options_.group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
        {"check.crcs", "true"},
        {"queued.min.messages", std::to_string(bounds.messages_max)},
        {"queued.max.messages.kbytes", std::to_string(bounds.kbytes_max)},
        {"fetch.wait.max.ms", fetch_wait_ms},
    };
    settings.insert(settings.end(), options_.properties.begin(), options_.properties.end());
    return Client::open(options_.cluster, RD_KAFKA_CONSUMER, settings);
  }

  Result<Client*> consumer() {
    if (!consumer_) {
      WEIR_ASSIGN(consumer_, open_consumer("500"));
    }
    return consumer_.get();
  }

  Result<std::map<std::string, Position>> at_edges(const std::vector<std::string>& splits,
                                                   MonoTime deadline, bool low_edge) {
    WEIR_ASSIGN(Client * client, consumer());
    std::map<std::string, Position> positions;
    for (const std::string& split : splits) {
      const TopicPartition partition = partition_of(split);
      std::int64_t low = 0;
      std::int64_t high = 0;
      const rd_kafka_resp_err_t error =
          rd_kafka_query_watermark_offsets(client->get(), partition.topic.c_str(),
                                           partition.partition, &low, &high, ms_left(deadline));
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return client->explained(to_error(error, "asking for the ends of " + split));
      }
      positions[split] = encode_position({.next = low_edge ? low : high});
    }
    return positions;
  }

  Result<std::map<std::string, Position>> at_timestamp(const std::vector<std::string>& splits,
                                                       std::int64_t timestamp_us,
                                                       MonoTime deadline) {
    WEIR_ASSIGN(Client * client, consumer());
    const TopicList list = make_topic_list(splits.size());
    for (const std::string& split : splits) {
      const TopicPartition partition = partition_of(split);
      rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
          ->offset = timestamp_us / 1000;
    }
    const rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client->get(), list.get(), ms_left(deadline));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return client->explained(to_error(error, "asking for offsets by time"));
    }
    // Where no record is as late, it is the end.
    WEIR_ASSIGN(auto positions, at_edges(splits, deadline, false));
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& found = list->elems[i];
      if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return client->explained(to_error(found.err, "asking for offsets by time"));
      }
      if (found.offset >= 0) {
        positions[split_name({found.topic, found.partition})] =
            encode_position({.next = found.offset});
      }
    }
    return positions;
  }

  Result<std::map<std::string, Position>> at_offsets(const std::vector<std::string>& splits,
                                                     const OffsetsByTopic& offsets,
                                                     MonoTime deadline, const char* key) {
    // Partitions that the job file does not name: from their beginning, to their end.
    WEIR_ASSIGN(auto positions, at_edges(splits, deadline, std::string_view(key) == "start"));
    for (const auto& [topic, partitions] : offsets) {
      for (const auto& [partition, offset] : partitions) {
        const auto found = positions.find(split_name({topic, partition}));
        if (found == positions.end()) {
          return Error{Action::kStopJob, Code::kTopicMissing,
                       "source \"" + options_.name + "\": `" + key + ": { offsets: ... }` names " +
                           split_name({topic, partition}) + ", which is not one of its partitions"};
        }
        found->second = encode_position({.next = offset});
      }
    }
    return positions;
  }

  // Assigned out of its log's range, a partition would look as if it had lost records.
  Result<std::map<std::string, Position>> start_at_offsets(const std::vector<std::string>& splits,
                                                           MonoTime deadline) {
    WEIR_ASSIGN(auto positions, at_offsets(splits, options_.start_offsets, deadline, "start"));
    WEIR_ASSIGN(const auto lows, at_edges(splits, deadline, true));
    WEIR_ASSIGN(const auto highs, at_edges(splits, deadline, false));
    for (const auto& [split, position] : positions) {
      const std::int64_t low = decoded(lows.at(split)).next;
      const std::int64_t high = decoded(highs.at(split)).next;
      const std::int64_t start = decoded(position).next;
      if (low <= start && start <= high) continue;
      return Error{Action::kStopJob, Code::kOffsetOutOfRange,
                   "source \"" + options_.name + "\": `start` names offset " +
                       std::to_string(start) + " of " + split + ", which can begin at " +
                       std::to_string(low) + " to " + std::to_string(high)};
    }
    return positions;
  }

  // How far back a tail is looked for when its offset is not known: control records and aborted
  // rows stand between it and the position.
  static constexpr std::int64_t kTailWindow = 500;

  Result<> verify_tail(Client& reader, const SplitAssignment& assignment,
                       const PartitionPosition& position, TailCheck& check, MonoTime deadline) {
    const TopicPartition partition = partition_of(assignment.split.split);
    std::int64_t low = 0;
    std::int64_t high = 0;
    const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        reader.get(), partition.topic.c_str(), partition.partition, &low, &high, ms_left(deadline));
    if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
        error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      check = {assignment.split, TailState::kRewritten, "the partition is gone"};
      return {};
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return reader.explained(to_error(error, "asking for the ends of " + assignment.split.split));
    }
    if (high < position.next) {
      check = {assignment.split, TailState::kRewritten,
               "the log ends at " + std::to_string(high) + ", before position " +
                   std::to_string(position.next)};
      return {};
    }
    const std::int64_t from = std::max(
        low, position.tail_offset >= 0 ? position.tail_offset : position.next - kTailWindow);
    check.detail = "the last consumed record is not in the log any more";
    if (from >= position.next) return {};
    return scan_tail(reader, partition, from, position, check, deadline);
  }

  Result<> scan_tail(Client& reader, const TopicPartition& partition, std::int64_t from,
                     const PartitionPosition& position, TailCheck& check, MonoTime deadline) {
    const TopicList list = make_topic_list(1);
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
        ->offset = from;
    rd_kafka_assign(reader.get(), list.get());
    bool other_at_tail = false;
    while (true) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(reader.get(), ms_left(deadline));
      if (message == nullptr) {
        rd_kafka_assign(reader.get(), nullptr);
        return Error{Action::kRetry, Code::kBrokersUnreachable,
                     "reading the last consumed record of " + split_name(partition) + " timed out"};
      }
      const bool record = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
      const bool over = !record || message->offset >= position.next;
      if (record && !over) {
        if (fingerprint_of(*message) == position.tail_fp) check.state = TailState::kSame;
        other_at_tail = message->offset ==
                        (position.tail_offset >= 0 ? position.tail_offset : position.next - 1);
      }
      rd_kafka_message_destroy(message);
      if (over || check.state == TailState::kSame || other_at_tail) break;
    }
    rd_kafka_assign(reader.get(), nullptr);
    if (check.state != TailState::kSame && other_at_tail) {
      check.state = TailState::kRewritten;
      check.detail = "another record stands where the last consumed one was, before offset " +
                     std::to_string(position.next);
    }
    return {};
  }

  const KafkaSourceOptions options_;
  Groups groups_;
  std::unique_ptr<Client> consumer_;
  std::size_t partitions_ = 0;  // that consumer_ was made for
};

}  // namespace

std::unique_ptr<Source> make_kafka_source(KafkaSourceOptions options) {
  return std::make_unique<KafkaSource>(std::move(options));
}

}  // namespace weir::kafka
