#include "connectors/kafka/source.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/check.h"
#include "base/log.h"
#include "connectors/kafka/group.h"
#include "connectors/kafka/partition_reader.h"
#include "connectors/kafka/position.h"
#include "connectors/kafka/queue_bounds.h"
#include "connectors/kafka/tails.h"

namespace weir::kafka {
namespace {

// What an eventfd takes: one, as the eight bytes of a u64.
constexpr std::uint64_t kOne = 1;

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
    WEIR_ASSIGN(std::vector<SplitListing> splits,
                options_.pattern ? of_pattern(topics) : of_names(topics));
    listed_.clear();
    for (const SplitListing& each : splits) listed_.insert(each.split);
    return splits;
  }

  bool covers(const std::string& split) const override {
    const TopicPartition partition = own_partition(split);
    if (options_.pattern) return options_.pattern->matches(partition.topic);
    const auto& topics = options_.topics;
    if (std::find(topics.begin(), topics.end(), partition.topic) != topics.end()) return true;
    const auto assigned =
        std::find_if(options_.assign.begin(), options_.assign.end(),
                     [&](const auto& each) { return each.first == partition.topic; });
    if (assigned == options_.assign.end()) return false;
    const auto& named = assigned->second;
    return std::find(named.begin(), named.end(), partition.partition) != named.end();
  }

  Result<Missed> miss(const std::string& split, const Position& position) override {
    if (!options_.pattern) return Missed{};
    learn_ends();
    const auto known = partitions_read_.find(own_partition(split));
    if (known == partitions_read_.end()) {
      return Missed{true, 0, "whether it had been read to its end is not known"};
    }
    const std::int64_t next = own_position(position).next;
    const std::uint64_t lost = known_unread(next, *known->second.progress, known->second.high);
    if (lost == 0) return Missed{true, 0, "it had been read to its end as far as is known"};
    std::string text =
        std::to_string(lost) + " offsets from " + std::to_string(next) + " on were not read";
    if (goes_on_after_loss()) return Missed{true, lost, std::move(text)};
    return Error{Action::kHalt, Code::kDataLoss,
                 options_.name + "/" + split + ": the topic was deleted; " + text +
                     "\n  weir run " + options_.job +
                     "   goes on without it\n  `on_data_loss: earliest` in the job file lets such "
                     "topics go, and counts"};
  }

  bool starts_at_committed() const override { return options_.start == Start::kCommitted; }
  bool start_is_explicit() const override { return options_.start_is_explicit; }

  Result<PositionMap> first_positions(const std::vector<std::string>& splits,
                                      MonoTime deadline) override {
    WEIR_ASSIGN(Client * client, consumer());
    switch (options_.start) {
      case Start::kEarliest:
        return at_edges(*client, splits, deadline, Edge::kLow);
      case Start::kLatest:
        return at_edges(*client, splits, deadline, Edge::kHigh);
      case Start::kTimestamp:
        return at_timestamp(*client, splits, options_.start_timestamp_us, deadline);
      case Start::kOffsets:
        return start_at_offsets(*client, named(options_.start_at), splits, options_.start_offsets,
                                deadline);
      case Start::kCommitted:
        break;
    }
    WEIR_CHECK(false, "committed positions are read by the decider");
  }

  Result<PositionMap> beginnings(const std::vector<std::string>& splits,
                                 MonoTime deadline) override {
    WEIR_ASSIGN(Client * client, consumer());
    return at_edges(*client, splits, deadline, Edge::kLow);
  }

  bool bounded() const override { return options_.end != End::kNone; }
  std::string end_text() const override {
    switch (options_.end) {
      case End::kLatest:
        return "latest";
      case End::kTimestamp:
        return "timestamp " + std::to_string(options_.end_timestamp_us);
      case End::kOffsets:
        break;
      case End::kNone:
        return {};
    }
    std::string text = "offsets";
    for (const auto& [topic, partitions] : options_.end_offsets) {
      for (const auto& [partition, offset] : partitions) {
        text += " " + split_name({topic, partition}) + "=" + std::to_string(offset);
      }
    }
    return text;
  }
  bool end_moves() const override { return options_.end == End::kLatest; }

  Result<PositionMap> ends(const std::vector<std::string>& splits, MonoTime deadline) override {
    WEIR_ASSIGN(Client * client, consumer());
    switch (options_.end) {
      case End::kLatest:
        return at_edges(*client, splits, deadline, Edge::kHigh);
      case End::kTimestamp:
        return at_timestamp(*client, splits, options_.end_timestamp_us, deadline);
      case End::kOffsets:
        return end_at_offsets(*client, named(options_.end_at), splits, end_offsets_of(splits),
                              deadline);
      case End::kNone:
        break;
    }
    return PositionMap{};
  }

  Result<PositionMap> ends_now(const std::vector<std::string>& splits, MonoTime deadline) override {
    WEIR_ASSIGN(Client * client, consumer());
    return at_edges(*client, splits, deadline, Edge::kHigh);
  }

  bool goes_on_after_loss() const override { return options_.on_data_loss != OnDataLoss::kFail; }

  Result<std::vector<TailCheck>> verify_tails(const std::vector<SplitAssignment>& assignments,
                                              MonoTime deadline) override {
    // Whoever goes on after a loss must know of every log that ends before its position.
    WEIR_ASSIGN(const std::vector<std::optional<TailCheck>> found,
                compare_tails([this](const Properties& more) { return open_consumer(more); },
                              assignments, goes_on_after_loss(), deadline));
    std::vector<TailCheck> checks;
    for (std::size_t i = 0; i < assignments.size(); ++i) {
      WEIR_ASSIGN(TailCheck check, judged(assignments[i], found[i]));
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
      offsets.push_back(group_offset(own_partition(split.split), own_position(position), mark));
    }
    return groups_.commit(options_.group, offsets);
  }

  Result<std::vector<std::unique_ptr<SplitReader>>> assign(
      const std::vector<SplitAssignment>& assignments,
      const std::vector<const Waker*>& wakers) override {
    // The bound is that of each partition's queue, and librdkafka takes it when a handle is made.
    assigned_ = false;
    if (assignments.size() != partitions_) consumer_.reset();
    partitions_ = assignments.size();
    partitions_read_.clear();
    WEIR_ASSIGN(Client * client, consumer());
    const TopicList list = make_topic_list(assignments.size());
    std::vector<std::unique_ptr<SplitReader>> readers;
    for (std::size_t i = 0; i < assignments.size(); ++i) {
      const TopicPartition partition = own_partition(assignments[i].split.split);
      Reading reading = reading_of(assignments[i], partition);
      reading.progress = partitions_read_[partition].progress;
      rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
          ->offset = reading.position.next;
      // Before assign, so that nothing is forwarded to the consumer's own queue.
      Queue queue(rd_kafka_queue_get_partition(client->get(), partition.topic.c_str(),
                                               partition.partition));
      rd_kafka_queue_forward(queue.get(), nullptr);
      rd_kafka_queue_io_event_enable(queue.get(), wakers[i]->fd(), &kOne, sizeof kOne);
      readers.push_back(make_partition_reader(*client, std::move(queue), std::move(reading)));
    }
    const rd_kafka_resp_err_t error = rd_kafka_assign(client->get(), list.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      readers.clear();
      return to_error(error, "assigning the partitions of source \"" + options_.name + "\"");
    }
    assigned_ = true;
    return readers;
  }

  void unassign() override {
    learn_ends();
    consumer_.reset();
    assigned_ = false;
  }

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
    return std::to_string(own_position(position).next);
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
    return own_position(to).next - own_position(from).next;
  }

 private:
  Reading reading_of(const SplitAssignment& assignment, const TopicPartition& partition) const {
    Reading reading{.source = options_.name,
                    .job = options_.job,
                    .origin = listing(partition).origin,
                    .partition = partition,
                    .position = own_position(assignment.position),
                    .end = {},
                    .skips = {},
                    .on_data_loss = options_.on_data_loss,
                    .with_headers = options_.with_headers,
                    .progress = {}};
    if (assignment.end) reading.end = own_position(*assignment.end).next;
    for (const Position& skip : assignment.skips) reading.skips.insert(own_position(skip).next);
    return reading;
  }
  Result<std::vector<SplitListing>> of_names(
      const std::map<std::string, std::int32_t>& topics) const {
    std::vector<SplitListing> splits;
    for (const auto& [topic, partitions] : options_.assign) {
      const auto found = topics.find(topic);
      if (found == topics.end()) return missing(topic);
      for (const std::int32_t partition : partitions) {
        if (partition >= found->second) {
          return Error{Action::kStopJob, Code::kTopicMissing,
                       named(options_.topics_at) + ": topic \"" + topic + "\" has " +
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

  Result<TailCheck> judged(const SplitAssignment& assignment,
                           const std::optional<TailCheck>& found) const {
    if (!found && options_.pattern) {
      // The next discover() lets it go.
      return Error{Action::kRetry, Code::kTopicMissing, assignment.split.split + " has just gone"};
    }
    if (!found) return TailCheck{assignment.split, TailState::kRewritten, "the partition is gone"};
    TailCheck check = *found;
    const bool stops = check.state == TailState::kOutside && !goes_on_after_loss();
    if (stops) check.state = TailState::kRewritten;
    return check;
  }

  // Without the partitions that are there, and not asked about: their ends were resolved before.
  OffsetsByTopic end_offsets_of(const std::vector<std::string>& splits) const {
    OffsetsByTopic offsets = options_.end_offsets;
    for (auto& [topic, partitions] : offsets) {
      std::erase_if(partitions, [&, &name = topic](const auto& each) {
        const std::string split = split_name({name, each.first});
        const bool asked = std::find(splits.begin(), splits.end(), split) != splits.end();
        return !asked && listed_.contains(split);
      });
    }
    return offsets;
  }

  // Of what is there now; that nothing is, is said once.
  Result<std::vector<SplitListing>> of_pattern(const std::map<std::string, std::int32_t>& topics) {
    std::vector<SplitListing> splits;
    for (const auto& [topic, partitions] : topics) {
      if (!options_.pattern->matches(topic)) continue;
      for (std::int32_t i = 0; i < partitions; ++i) splits.push_back(listing({topic, i}));
    }
    if (splits.empty() && !nothing_said_) {
      log(LogLevel::kWarn, "source \"" + options_.name + "\": pattern \"" + options_.pattern->text +
                               "\" matches no topic of cluster " + options_.cluster.name + " yet");
    }
    nothing_said_ = splits.empty();
    return splits;
  }

  // Where the logs ended when they were heard of last; from what the handle knows.
  void learn_ends() {
    if (!assigned_) return;
    for (auto& [partition, read] : partitions_read_) {
      std::int64_t low = 0;
      std::int64_t high = 0;
      if (rd_kafka_get_watermark_offsets(consumer_->get(), partition.topic.c_str(),
                                         partition.partition, &low,
                                         &high) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        read.high = std::max(read.high, high);
      }
    }
  }

  Error missing(const std::string& topic) const {
    return {Action::kStopJob, Code::kTopicMissing,
            named(options_.topics_at) + ": " + no_topic(options_.cluster, topic)};
  }

  std::string named(const std::string& at) const {
    return (at.empty() ? "" : at + ": ") + "source \"" + options_.name + "\"";
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

  Result<std::unique_ptr<Client>> open_consumer(const Properties& fetching) const {
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
        {"fetch.wait.max.ms", "500"},
    };
    WEIR_ASSIGN(const Properties own, options_.properties.read());
    settings.insert(settings.end(), own.begin(), own.end());
    settings.insert(settings.end(), fetching.begin(), fetching.end());
    return Client::open(options_.cluster, RD_KAFKA_CONSUMER, settings);
  }

  Result<Client*> consumer() {
    if (!consumer_) {
      WEIR_ASSIGN(consumer_, open_consumer({}));
    }
    return consumer_.get();
  }

  const KafkaSourceOptions options_;
  Groups groups_;
  std::unique_ptr<Client> consumer_;
  std::size_t partitions_ = 0;  // that consumer_ was made for
  bool assigned_ = false;       // consumer_ has them
  struct PartitionRead {
    std::shared_ptr<ReaderProgress> progress = std::make_shared<ReaderProgress>();
    std::int64_t high = -1;  // negative: not known
  };
  std::map<TopicPartition, PartitionRead> partitions_read_;  // of the last assignment
  std::set<std::string> listed_;                             // splits, by the last discover()
  bool nothing_said_ = false;                                // that the pattern matches nothing
};

}  // namespace

std::unique_ptr<Source> make_kafka_source(KafkaSourceOptions options) {
  return std::make_unique<KafkaSource>(std::move(options));
}

}  // namespace weir::kafka
