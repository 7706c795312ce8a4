#include "support/fake_decider.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "connectors/kafka/cell.h"

namespace weir::test {
namespace {

using kafka::PartitionPosition;
using std::chrono::seconds;

TopicPartition partition_of(const SplitId& split) {
  const std::optional<TopicPartition> parsed = kafka::parse_split(split.split);
  WEIR_CHECK(parsed.has_value(), "splits of a fake source are topic/partition");
  return *parsed;
}

class FakeDecider final : public Decider {
 public:
  FakeDecider(FakeDeciderOptions options, FakeCluster& cluster, Interrupts& interrupts,
              FakeSlot& slot)
      : options_(std::move(options)),
        cluster_(cluster),
        interrupts_(interrupts),
        slot_(slot),
        generation_(slot.next_generation()) {}

  // Nothing reaches the cluster from here: a process that dies says no farewell.
  ~FakeDecider() override {
    if (producer_) producer_->close();
  }

  Result<DeciderRecord> identify(MonoTime deadline) override {
    WEIR_TRY(reach(cluster_, interrupts_, "identify", deadline));
    return DeciderRecord{.kind = DeciderKind::kKafka,
                         .cluster_id = cluster_.cluster_id,
                         .cluster_name = "fake",
                         .brokers = "fake:9092",
                         .epoch_topic = options_.epoch_topic,
                         .transactional_id = options_.lane.dotted()};
  }

  Result<> ensure_cell_place(MonoTime deadline) override {
    WEIR_TRY(reach(cluster_, interrupts_, "epoch_topic", deadline));
    if (!cluster_.topics().contains(options_.epoch_topic)) {
      cluster_.create_topic(options_.epoch_topic, 1);
      interrupts_.point("epoch_topic.made");
    }
    return {};
  }

  CellReading peek(MonoTime deadline) override {
    if (Result<> reached = reach(cluster_, interrupts_, "peek", deadline); !reached) {
      return {.state = ReadState::kUnknown, .cell = {}, .text = reached.error().message()};
    }
    return cell_reading(cluster_.committed(cell_group(), cell_place()));
  }

  Result<> fence(MonoTime deadline) override {
    open_ = false;
    if (producer_) producer_->close();
    producer_.reset();
    if (!slot_.is_newest(generation_)) return abandoned();
    WEIR_TRY(reach(cluster_, interrupts_, "fence.sent", deadline));
    // A busy broker is still settling what an earlier writer had open.
    std::optional<ProducerId> id;
    while (true) {
      if (!slot_.is_newest(generation_)) return abandoned();
      if (cluster_.reachable()) id = cluster_.init(options_.lane.dotted());
      if (id) break;
      if (!interrupts_.wait("fence.busy", deadline)) {
        return Error{Action::kRetry, Code::kBrokersUnreachable, "fencing timed out"};
      }
    }
    interrupts_.point("fence.answered");
    producer_ = std::make_shared<FakeProducer>(cluster_, interrupts_, slot_, generation_, *id);
    doubts_seen_ = 0;
    if (!slot_.publish(generation_, producer_)) return abandoned();
    return {};
  }

  CellReading read_stable(MonoTime deadline) override {
    Result<> settled = settle(cell_group(), cell_place(), "read_stable", deadline);
    if (!settled) {
      return {.state = ReadState::kUnknown, .cell = {}, .text = settled.error().message()};
    }
    return cell_reading(cluster_.committed(cell_group(), cell_place()));
  }

  Result<MirrorReading> read_mirror(const std::vector<SplitId>& splits, bool with_members,
                                    MonoTime deadline) override {
    MirrorReading reading;
    for (const SplitId& split : splits) {
      const std::string& group = options_.mirror_groups.at(split.source);
      MirrorEntry entry{
          .split = split, .state = ReadState::kUnknown, .position = {}, .mark = {}, .text = {}};
      if (Result<> settled = settle(group, partition_of(split), "read_mirror", deadline);
          !settled) {
        entry.text = settled.error().message();
      } else {
        fill(entry, cluster_.committed(group, partition_of(split)));
      }
      reading.entries.push_back(std::move(entry));
      const bool named =
          std::find(reading.groups_with_members.begin(), reading.groups_with_members.end(),
                    group) != reading.groups_with_members.end();
      if (with_members && !named && cluster_.groups_with_members.contains(group)) {
        reading.groups_with_members.push_back(group);
      }
    }
    return reading;
  }

  bool mirror_is_transactional() const override { return true; }

  Result<> begin(EpochId /*epoch*/) override {
    if (!slot_.is_newest(generation_)) return abandoned();
    WEIR_CHECK(producer_ != nullptr, "fence() comes before begin()");
    WEIR_CHECK(!open_, "begin() comes after the commit or abort of the one before");
    producer_->begin();
    open_ = true;
    return {};
  }

  Result<Verdict> commit(const Commit& commit) override {
    if (!slot_.is_newest(generation_)) return abandoned();
    if (!open_) WEIR_TRY(begin(commit.cell.epoch));
    WEIR_TRY(send_all_offsets(commit));
    WEIR_TRY(producer_->commit());
    open_ = false;
    const std::uint64_t doubts = std::exchange(doubts_seen_, producer_->doubts());
    if (doubts == producer_->doubts()) return Verdict::kDecided;
    ++doubt_count_;
    return Verdict::kDecidedWithDoubt;
  }

  void abort(MonoTime /*deadline*/) override {
    if (!producer_ || !open_) return;
    open_ = false;
    producer_->abort();
  }

  std::uint64_t doubts() const override { return doubt_count_; }

 private:
  static Error abandoned() {
    return {Action::kRecover, "this decider was abandoned; a newer one has its place"};
  }
  std::string cell_group() const { return options_.lane.dotted(); }
  TopicPartition cell_place() const { return {options_.epoch_topic, 0}; }

  // Errors: kRetry when the deadline passes first.
  Result<> settle(const std::string& group, const TopicPartition& partition, const char* where,
                  MonoTime deadline) {
    WEIR_TRY(reach(cluster_, interrupts_, where, deadline));
    while (cluster_.unsettled(group, partition)) {
      if (interrupts_.wait(where, deadline)) continue;
      return Error{Action::kRetry, Code::kBrokersUnreachable,
                   "reading the offsets of group " + group + " timed out"};
    }
    return {};
  }

  CellReading cell_reading(const std::optional<GroupOffset>& found) const {
    if (!found) return {.state = ReadState::kAbsent, .cell = {}, .text = {}};
    CellReading reading{.state = ReadState::kValue, .cell = {}, .text = found->metadata};
    std::optional<Cell> cell = kafka::parse_cell(found->metadata);
    if (cell && cell->epoch.value() == found->offset && cell->id == options_.lane) {
      reading.cell = std::move(cell);
    }
    return reading;
  }

  static void fill(MirrorEntry& entry, const std::optional<GroupOffset>& found) {
    entry.state = found ? ReadState::kValue : ReadState::kAbsent;
    if (!found) return;
    PartitionPosition position{.next = found->offset};
    if (const auto mirror = kafka::parse_mirror(found->metadata)) {
      entry.mark = mirror->mark;
      position.tail_fp = mirror->tail_fp;
    }
    entry.position = kafka::encode_position(position);
    entry.text = "offset " + std::to_string(found->offset) + ", metadata " + found->metadata;
  }

  Result<> send_all_offsets(const Commit& commit) {
    const std::string cell = kafka::encode_cell(commit.cell);
    WEIR_TRY(
        producer_->send_offsets(cell_group(), {{cell_place(), {commit.cell.epoch.value(), cell}}}));
    std::map<std::string, GroupOffsets> by_group;
    for (const auto& [split, position] : commit.mirror) {
      const std::optional<PartitionPosition> decoded = kafka::decode_position(position);
      WEIR_CHECK(decoded.has_value(), "positions of a fake source come from it");
      const TopicPartition partition = partition_of(split);
      // A partition that is gone is left out: it would fail the whole commit.
      if (cluster_.log(partition) == nullptr) continue;
      const MirrorMark mark{commit.cell.id.instance, commit.cell.id.job, commit.cell.epoch};
      by_group[options_.mirror_groups.at(split.source)][partition] = {
          decoded->next, kafka::encode_mirror({mark, decoded->tail_fp})};
    }
    for (auto& [group, offsets] : by_group) {
      WEIR_TRY(producer_->send_offsets(group, std::move(offsets)));
    }
    return {};
  }

  const FakeDeciderOptions options_;
  FakeCluster& cluster_;
  Interrupts& interrupts_;
  FakeSlot& slot_;
  const std::uint64_t generation_;
  std::shared_ptr<FakeProducer> producer_;
  bool open_ = false;  // begun, and neither committed nor aborted
  std::uint64_t doubts_seen_ = 0;
  std::uint64_t doubt_count_ = 0;
};

}  // namespace

DeciderFactory fake_decider_factory(FakeDeciderOptions options, FakeCluster& cluster,
                                    Interrupts& interrupts, FakeSlot& slot) {
  return [options = std::move(options), &cluster, &interrupts,
          &slot]() -> Result<std::unique_ptr<Decider>> {
    return std::unique_ptr<Decider>(
        std::make_unique<FakeDecider>(options, cluster, interrupts, slot));
  };
}

}  // namespace weir::test
