#include "connectors/kafka/decider.h"

#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "connectors/kafka/cell.h"
#include "connectors/kafka/group.h"
#include "connectors/kafka/position.h"

namespace weir::kafka {
namespace {

using std::chrono::milliseconds;

// A call is made again until the watchdog; each alone is finite (epochs.md, section 3).
constexpr int kCallMs = 2000;

struct ErrorDeleter {
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
using KafkaError = std::unique_ptr<rd_kafka_error_t, ErrorDeleter>;

class KafkaDecider final : public Decider {
 public:
  KafkaDecider(KafkaDeciderOptions options, std::shared_ptr<ProducerSlot> slot)
      : options_(std::move(options)),
        slot_(std::move(slot)),
        generation_(slot_->next_generation()),
        groups_(options_.cluster) {}

  ~KafkaDecider() override {
    if (producer_) producer_->close();
  }

  Result<DeciderRecord> identify(MonoTime deadline) override {
    WEIR_ASSIGN(Client * client, groups_.client(cell_group(), Isolation::kStable));
    WEIR_TRY(list_topics(*client, deadline));
    char* id = rd_kafka_clusterid(client->get(), ms_left(deadline));
    if (id == nullptr) {
      return client->explained(
          to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking " + options_.cluster.name + " who it is"));
    }
    DeciderRecord record{.kind = DeciderKind::kKafka,
                         .cluster_id = id,
                         .cluster_name = options_.cluster.name,
                         .brokers = options_.cluster.brokers,
                         .epoch_topic = options_.cluster.epoch_topic,
                         .transactional_id = options_.lane.dotted()};
    rd_kafka_mem_free(client->get(), id);
    return record;
  }

  Result<> ensure_cell_place(MonoTime deadline) override {
    WEIR_ASSIGN(Client * client, groups_.client(cell_group(), Isolation::kStable));
    while (true) {
      WEIR_ASSIGN(topics_, list_topics(*client, deadline));
      if (topics_.contains(options_.cluster.epoch_topic)) return {};
      WEIR_TRY(create_epoch_topic(*client, deadline));
      // Made, but not every broker has heard of it yet.
      if (std::chrono::steady_clock::now() >= deadline) {
        return Error{Action::kRetry, Code::kBrokersUnreachable,
                     "the epoch topic " + options_.cluster.epoch_topic +
                         " was made, and the brokers do not show it yet"};
      }
      std::this_thread::sleep_for(milliseconds(50));
    }
  }

  CellReading peek(MonoTime deadline) override { return read_cell(Isolation::kPlain, deadline); }
  CellReading read_stable(MonoTime deadline) override {
    return read_cell(Isolation::kStable, deadline);
  }

  Result<> fence(MonoTime deadline) override {
    open_ = false;
    if (producer_) {
      producer_->close();
      producer_.reset();
    }
    // Before init_transactions, which would fence the decider that replaced this one.
    if (!slot_->is_newest(generation_)) return abandoned();
    WEIR_ASSIGN(producer_,
                Producer::open(options_.cluster, options_.lane.dotted(), slot_->options()));
    while (true) {
      const KafkaError error(
          rd_kafka_init_transactions(producer_->get(), std::min(ms_left(deadline), 10'000)));
      if (!error) break;
      Error meant = producer_->client().explained(to_error(
          rd_kafka_error_code(error.get()), "fencing earlier writers of " + options_.lane.dotted(),
          rd_kafka_error_string(error.get())));
      const bool again = rd_kafka_error_is_retriable(error.get()) != 0 &&
                         meant.action() != Action::kStopJob &&
                         std::chrono::steady_clock::now() < deadline;
      if (!slot_->is_newest(generation_)) return abandoned();
      if (again) continue;
      if (meant.action() == Action::kRecover) {
        return Error{Action::kRetry, meant.code(), meant.message()};
      }
      return meant;
    }
    // What was given up until here carried nothing of a transaction.
    doubts_at_fence_ = producer_->doubts();
    asked_twice_ = false;
    if (!slot_->publish(generation_, producer_)) return abandoned();
    return {};
  }

  Result<MirrorReading> read_mirror(const std::vector<SplitId>& splits, bool with_members,
                                    MonoTime deadline) override {
    std::map<std::string, std::vector<SplitId>> by_group;
    for (const SplitId& split : splits) {
      by_group[options_.mirror_groups.at(split.source)].push_back(split);
    }
    MirrorReading reading;
    std::map<SplitId, MirrorEntry> found;
    for (const auto& [group, theirs] : by_group) {
      WEIR_ASSIGN(std::vector<MirrorEntry> entries, groups_.read_mirror(group, theirs, deadline));
      for (MirrorEntry& entry : entries) found[entry.split] = std::move(entry);
      if (!with_members) continue;
      WEIR_ASSIGN(const bool members, groups_.has_members(group, deadline));
      if (members) reading.groups_with_members.push_back(group);
    }
    for (const SplitId& split : splits) reading.entries.push_back(std::move(found.at(split)));
    return reading;
  }

  bool mirror_is_transactional() const override { return true; }

  Result<> begin(EpochId /*epoch*/) override {
    if (!slot_->is_newest(generation_)) return abandoned();
    WEIR_CHECK(producer_ != nullptr, "fence() comes before begin()");
    producer_->begin();
    const KafkaError error(rd_kafka_begin_transaction(producer_->get()));
    if (error) return failure(error.get(), "beginning a transaction");
    open_ = true;
    return {};
  }

  Result<Verdict> commit(const Commit& commit) override {
    if (!slot_->is_newest(generation_)) return abandoned();
    if (!open_) WEIR_TRY(begin(commit.cell.epoch));
    WEIR_TRY(send_all_offsets(commit));
    while (true) {
      const KafkaError error(rd_kafka_commit_transaction(producer_->get(), kCallMs));
      if (!error) break;
      asked_twice_ = true;
      if (rd_kafka_error_is_retriable(error.get()) == 0) return failure(error.get(), "committing");
      if (!slot_->is_newest(generation_)) return abandoned();
    }
    open_ = false;
    close_readers();
    if (!asked_twice_ && producer_->doubts() == doubts_at_fence_) return Verdict::kDecided;
    ++doubt_count_;
    return Verdict::kDecidedWithDoubt;
  }

  void abort(MonoTime deadline) override {
    if (!producer_ || !open_) return;
    open_ = false;
    rd_kafka_purge(producer_->get(), RD_KAFKA_PURGE_F_QUEUE);
    const KafkaError error(rd_kafka_abort_transaction(producer_->get(), ms_left(deadline)));
    if (error) log(LogLevel::kDebug, std::string("abort: ") + rd_kafka_error_string(error.get()));
  }

  std::uint64_t doubts() const override { return doubt_count_; }

 private:
  std::string cell_group() const { return options_.lane.dotted(); }
  TopicPartition cell_place() const { return {options_.cluster.epoch_topic, 0}; }

  CellReading read_cell(Isolation isolation, MonoTime deadline) {
    const Result<std::vector<Committed>> read =
        groups_.read(cell_group(), isolation, {cell_place()}, deadline);
    if (!read) return {.state = ReadState::kUnknown, .cell = {}, .text = read.error().message()};
    const Committed& committed = read->front();
    CellReading reading{.state = committed.state, .cell = {}, .text = committed.why};
    if (committed.state != ReadState::kValue) return reading;
    reading.text = committed.metadata;
    std::optional<Cell> cell = parse_cell(committed.metadata);
    // The offset is the epoch: a plain commit by somebody else would have to forge both.
    if (cell && cell->epoch.value() == committed.offset && cell->id == options_.lane) {
      reading.cell = std::move(cell);
    }
    return reading;
  }

  // The readers of recovery are not needed behind the claim. The stable one of the cell is, at each
  // rotation, and stays where that is every epoch: an idle lane has no use for its connections.
  // Closing them may take seconds, so begin() is not the place.
  void close_readers() {
    if (options_.rotate_always) {
      groups_.keep_only(cell_group());
    } else {
      groups_.close_all();
    }
  }

  Result<> create_epoch_topic(Client& client, MonoTime deadline) {
    char reason[256] = "";
    const std::string& name = options_.cluster.epoch_topic;
    // -1: the brokers' default replication.
    rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), 1, -1, reason, sizeof reason);
    if (topic == nullptr) {
      return Error{Action::kStopJob, Code::kBadValue, "epoch topic " + name + ": " + reason};
    }
    rd_kafka_queue_t* queue = rd_kafka_queue_new(client.get());
    rd_kafka_CreateTopics(client.get(), &topic, 1, nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, ms_left(deadline));
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    std::string detail;
    if (event != nullptr) {
      error = rd_kafka_event_error(event);
      std::size_t count = 0;
      const rd_kafka_topic_result_t** results =
          rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1) {
        error = rd_kafka_topic_result_error(results[0]);
        const char* text = rd_kafka_topic_result_error_string(results[0]);
        if (text != nullptr) detail = text;
      }
      rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      return {};
    }
    Error meant = client.explained(to_error(error, "making the epoch topic " + name, detail));
    if (meant.action() == Action::kRetry) return meant;
    return Error{
        Action::kStopJob, Code::kPermissionMissing,
        meant.message() + "\nmake it yourself: kafka-topics --bootstrap-server " +
            options_.cluster.brokers + " --create --topic " + name +
            " --partitions 1\nand let weir read it: kafka-acls --bootstrap-server " +
            options_.cluster.brokers +
            " --add --allow-principal User:NAME --operation Read --operation Describe --topic " +
            name};
  }

  Result<> send_all_offsets(const Commit& commit) {
    const std::string cell = encode_cell(commit.cell);
    WEIR_TRY(send_offsets(cell_group(), {{cell_place(), commit.cell.epoch.value(), cell}}));
    const MirrorMark mark{commit.cell.id.instance, commit.cell.id.job, commit.cell.epoch};
    std::map<std::string, std::vector<GroupOffset>> by_group;
    for (const auto& [split, position] : commit.mirror) {
      const std::optional<TopicPartition> partition = parse_split(split.split);
      const std::optional<PartitionPosition> decoded = decode_position(position);
      WEIR_CHECK(partition && decoded, "splits and positions of a Kafka source come from it");
      WEIR_ASSIGN(const bool there, has_partition(*partition));
      if (!there) {
        log(LogLevel::kWarn, "partition " + split.split + " is gone; its position is not mirrored");
        continue;
      }
      by_group[options_.mirror_groups.at(split.source)].push_back(
          group_offset(*partition, *decoded, mark));
    }
    for (const auto& [group, offsets] : by_group) WEIR_TRY(send_offsets(group, offsets));
    return {};
  }

  // Sending the offset of a topic that is gone fails the whole commit.
  Result<bool> has_partition(const TopicPartition& partition) {
    const auto listed = [&] {
      const auto topic = topics_.find(partition.topic);
      return topic != topics_.end() && partition.partition < topic->second;
    };
    if (listed()) return true;
    // It may have been made since the last look.
    WEIR_ASSIGN(Client * client, groups_.client(cell_group(), Isolation::kStable));
    auto topics =
        list_topics(*client, std::chrono::steady_clock::now() + milliseconds(5 * kCallMs));
    if (!topics) return Error{Action::kRecover, topics.error().code(), topics.error().message()};
    topics_ = std::move(*topics);
    return listed();
  }

  Result<> send_offsets(const std::string& group, const std::vector<GroupOffset>& offsets) {
    const TopicList list = offset_list(offsets);
    rd_kafka_consumer_group_metadata_t* metadata =
        rd_kafka_consumer_group_metadata_new(group.c_str());
    Result<> result;
    while (true) {
      const KafkaError error(
          rd_kafka_send_offsets_to_transaction(producer_->get(), list.get(), metadata, kCallMs));
      if (!error) break;
      asked_twice_ = true;
      if (rd_kafka_error_is_retriable(error.get()) == 0) {
        result = failure(error.get(), "sending the offsets of group " + group);
        break;
      }
      if (!slot_->is_newest(generation_)) {
        result = abandoned();
        break;
      }
    }
    rd_kafka_consumer_group_metadata_destroy(metadata);
    return result;
  }

  static Error abandoned() {
    return {Action::kRecover, "this decider was abandoned; a newer one has its place"};
  }

  // Never "not committed": the outcome is read, not concluded.
  Error failure(const rd_kafka_error_t* error, const std::string& what) {
    open_ = rd_kafka_error_txn_requires_abort(error) != 0;
    Error meant = with_name(producer_->client().explained(to_error(rd_kafka_error_code(error), what,
                                                                   rd_kafka_error_string(error))),
                            "ID", options_.lane.dotted());
    if (meant.action() == Action::kStopJob) return meant;
    return {Action::kRecover, meant.code(), meant.message()};
  }

  const KafkaDeciderOptions options_;
  const std::shared_ptr<ProducerSlot> slot_;
  const std::uint64_t generation_;
  Groups groups_;
  std::map<std::string, std::int32_t> topics_;  // as of the last look
  std::shared_ptr<Producer> producer_;
  bool open_ = false;  // a transaction was begun and neither committed nor aborted
  std::uint64_t doubts_at_fence_ = 0;
  bool asked_twice_ = false;  // since the fence: a call was made again, so maybe a request too
  std::uint64_t doubt_count_ = 0;
};

}  // namespace

DeciderFactory kafka_decider_factory(KafkaDeciderOptions options,
                                     std::shared_ptr<ProducerSlot> slot) {
  return
      [options = std::move(options), slot = std::move(slot)]() -> Result<std::unique_ptr<Decider>> {
        return std::unique_ptr<Decider>(std::make_unique<KafkaDecider>(options, slot));
      };
}

}  // namespace weir::kafka
