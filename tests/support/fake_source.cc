#include "support/fake_source.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

#include "base/check.h"
#include "support/fake_producer.h"

namespace weir::test {
namespace {

using kafka::PartitionPosition;
using Positions = std::map<std::string, Position>;

TopicPartition partition_of(const std::string& split) {
  const std::optional<TopicPartition> parsed = kafka::parse_split(split);
  WEIR_CHECK(parsed.has_value(), "splits of a fake source are topic/partition");
  return *parsed;
}

PartitionPosition decoded(const Position& position) {
  const std::optional<PartitionPosition> value = kafka::decode_position(position);
  WEIR_CHECK(value.has_value(), "positions of a fake source come from it");
  return *value;
}

std::uint64_t fingerprint_of(std::int64_t offset, const FakeRecord& record) {
  return kafka::tail_fingerprint(offset, record.timestamp_ms, record.key.value_or(""),
                                 record.value.value_or(""));
}

SplitListing listing(SourceIndex source, const TopicPartition& partition) {
  auto origin = std::make_shared<Origin>();
  origin->source = source;
  origin->split = kafka::split_name(partition);
  origin->topic = partition.topic;
  origin->partition = partition.partition;
  origin->id_prefix = partition.topic + ":" + std::to_string(partition.partition) + ":";
  return {origin->split, origin};
}

struct FakeProgress : kafka::ReaderProgress {
  std::int64_t high = -1;
};

class FakeReader final : public SplitReader {
 public:
  FakeReader(FakeCluster& cluster, Interrupts& interrupts, std::shared_ptr<const Origin> origin,
             const SplitAssignment& assignment, OnDataLoss on_data_loss,
             std::shared_ptr<FakeProgress> progress, const Waker* waker)
      : cluster_(cluster),
        interrupts_(interrupts),
        origin_(std::move(origin)),
        partition_(partition_of(assignment.split.split)),
        position_(decoded(assignment.position)),
        on_data_loss_(on_data_loss),
        progress_(std::move(progress)),
        watch_(std::make_shared<LogWatch>(LogWatch{waker, true})) {
    if (assignment.end) end_ = end_seen_ = decoded(*assignment.end).next;
    for (const Position& skip : assignment.skips) skips_.insert(decoded(skip).next);
    cluster_.watch(partition_, watch_);
  }

  void read_to(const Position& end) override {
    if (!end_) return;
    end_seen_ = decoded(end).next;
    end_ = std::max(*end_, end_seen_);
  }

  Result<Fetch> fetch(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max) override {
    interrupts_.point("fetch");
    // An end that lies before the position is a log's that is shorter now.
    if (end_seen_ < position_.next && on_data_loss_ != OnDataLoss::kFail && !lost_) {
      if (FakeLog* const log = cluster_.log(partition_)) return out_of_range(*log);
    }
    if (end_ && position_.next >= *end_) return answer(FetchState::kEnd);
    if (lost_) return answer(FetchState::kNothing);
    // A topic that was deleted says nothing on its queue; neither does a broker that is away.
    FakeLog* const log = cluster_.log(partition_);
    if (log == nullptr || !cluster_.reachable()) return nothing();
    if (interrupts_.fault("fetch") == Fault::kRefused) {
      // Not there yet; it comes as soon as anybody looks again.
      watch_->waker->wake();
      return answer(FetchState::kNothing);
    }
    if (position_.next < log->begin() || position_.next > log->end()) return out_of_range(*log);
    return take(*log, into, rows_max, bytes_max);
  }

 private:
  Fetch answer(FetchState state) {
    Fetch fetched{
        .state = state, .next = kafka::encode_position(position_), .dropped = 0, .lag_records = {}};
    if (const FakeLog* log = cluster_.log(partition_)) {
      fetched.lag_records = std::max<std::int64_t>(0, log->end() - position_.next);
      progress_->high = log->end();
    }
    return fetched;
  }
  Fetch nothing() {
    watch_->armed = true;
    return answer(FetchState::kNothing);
  }

  Result<Fetch> take(const FakeLog& log, RecordBatch& into, std::size_t rows_max,
                     std::size_t bytes_max) {
    into.origin = origin_;
    const std::int64_t until = std::min(log.stable_end(), end_.value_or(log.stable_end()));
    const std::int64_t before = position_.next;
    std::uint64_t skipped = 0;
    while (position_.next < until && into.records.size() < rows_max &&
           into.payload_bytes < bytes_max) {
      const std::int64_t at = position_.next++;
      const FakeRecord* const record = log.visible(at);
      if (record == nullptr) continue;
      position_.tail_offset = at;
      position_.tail_fp = fingerprint_of(at, *record);
      if (skips_.contains(at)) {
        ++skipped;
      } else {
        copy(at, *record, into);
      }
    }
    if (!into.records.empty()) progress_->given = into.records.back().offset + 1;
    Fetch fetched = answer(state_after(into, before, until));
    fetched.skipped = skipped;
    return fetched;
  }

  FetchState state_after(const RecordBatch& into, std::int64_t before, std::int64_t until) {
    if (end_ && position_.next >= *end_) return FetchState::kEnd;
    if (!into.records.empty() && position_.next < until) return FetchState::kRecords;
    // The end is said once, when it is reached.
    if (position_.next != before || std::exchange(first_, false)) {
      progress_->end = position_.next;
      return FetchState::kCaughtUp;
    }
    watch_->armed = true;
    return FetchState::kNothing;
  }

  static void copy(std::int64_t offset, const FakeRecord& from, RecordBatch& into) {
    Record& record = into.records.emplace_back();
    record.offset = offset;
    record.timestamp_us = from.timestamp_ms * 1000;
    record.key_null = !from.key;
    if (from.key) record.key = into.arena->copy(*from.key);
    record.value_null = !from.value;
    if (from.value) record.value = into.arena->copy(*from.value, kValuePadding);
    into.payload_bytes += record.key.size() + record.value.size();
  }

  Result<Fetch> out_of_range(const FakeLog& log) {
    if (on_data_loss_ != OnDataLoss::kFail) {
      const kafka::Resumption resumed = kafka::resume_after_loss(
          position_.next, log.begin(), log.stable_end(), end_, on_data_loss_);
      position_ = {.next = resumed.next};
      lost_ = true;
      Fetch fetched = answer(FetchState::kLost);
      fetched.lost = resumed.lost;
      return fetched;
    }
    return Error{Action::kHalt,
                 position_.next < log.begin() ? Code::kDataLoss : Code::kSourceRewritten,
                 kafka::split_name(partition_) + ": position " + std::to_string(position_.next) +
                     " is not in the log, which holds " + std::to_string(log.begin()) + " to " +
                     std::to_string(log.end())};
  }

  FakeCluster& cluster_;
  Interrupts& interrupts_;
  const std::shared_ptr<const Origin> origin_;
  const TopicPartition partition_;
  PartitionPosition position_;
  std::optional<std::int64_t> end_;
  std::int64_t end_seen_ = std::numeric_limits<std::int64_t>::max();  // the last one that was told
  std::set<std::int64_t> skips_;                                      // offsets to leave out
  bool first_ = true;                                                 // the end was not said yet
  const OnDataLoss on_data_loss_;
  const std::shared_ptr<FakeProgress> progress_;
  bool lost_ = false;  // nothing more comes
  const std::shared_ptr<LogWatch> watch_;
};

// Whether the last consumed record still stands where it was.
TailCheck check_tail(FakeCluster& cluster, const SplitAssignment& assignment, bool goes_on) {
  // A position from a mirror has no offset of its record: control records may lie between.
  constexpr std::int64_t kWindow = 500;
  TailCheck check{assignment.split, TailState::kUnverified, "nothing was consumed yet"};
  const PartitionPosition position = decoded(assignment.position);
  const FakeLog* log = cluster.log(partition_of(assignment.split.split));
  if (position.tail_fp == 0) {
    if (goes_on && log != nullptr && log->stable_end() < position.next) {
      check.state = TailState::kOutside;
    }
    return check;
  }
  if (log == nullptr) return {assignment.split, TailState::kRewritten, "the partition is gone"};
  if (log->stable_end() < position.next) {
    return {assignment.split, goes_on ? TailState::kOutside : TailState::kRewritten,
            "the log ends before the position"};
  }
  check.detail = "the last consumed record is not in the log any more";
  const bool known = position.tail_offset >= 0;
  const std::int64_t tail = known ? position.tail_offset : position.next - 1;
  for (std::int64_t at = known ? tail : std::max<std::int64_t>(0, position.next - kWindow);
       at <= tail; ++at) {
    const FakeRecord* record = log->visible(at);
    if (record == nullptr) continue;
    if (fingerprint_of(at, *record) == position.tail_fp) {
      return {assignment.split, TailState::kSame, {}};
    }
    if (at == tail) {
      return {assignment.split, TailState::kRewritten, "another record stands there"};
    }
  }
  return check;
}

class FakeSource final : public Source {
 public:
  FakeSource(FakeSourceOptions options, FakeCluster& cluster, Interrupts& interrupts)
      : options_(std::move(options)), cluster_(cluster), interrupts_(interrupts) {}

  const std::string& name() const override { return options_.name; }

  Result<std::string> identity(MonoTime deadline) override {
    WEIR_TRY(reach(cluster_, interrupts_, "source.identity", deadline));
    return cluster_.cluster_id;
  }

  Result<std::vector<SplitListing>> discover(MonoTime deadline) override {
    WEIR_TRY(reach(cluster_, interrupts_, "discover", deadline));
    const std::map<std::string, std::int32_t> topics = cluster_.topics();
    std::vector<SplitListing> splits;
    for (const auto& [topic, partitions] : topics) {
      if (!options_.matches || !options_.matches(topic)) continue;
      for (std::int32_t i = 0; i < partitions; ++i) {
        splits.push_back(listing(options_.index, {topic, i}));
      }
    }
    for (const std::string& topic : options_.topics) {
      const auto found = topics.find(topic);
      if (found == topics.end()) {
        return Error{Action::kStopJob, Code::kTopicMissing,
                     "source \"" + options_.name + "\": topic \"" + topic + "\" does not exist"};
      }
      for (std::int32_t i = 0; i < found->second; ++i) {
        splits.push_back(listing(options_.index, {topic, i}));
      }
    }
    return splits;
  }

  bool covers(const std::string& split) const override {
    if (options_.matches) return options_.matches(partition_of(split).topic);
    const auto& topics = options_.topics;
    return std::find(topics.begin(), topics.end(), partition_of(split).topic) != topics.end();
  }

  Result<Missed> miss(const std::string& split, const Position& position) override {
    if (!options_.matches) return Missed{};
    const auto read = read_.find(partition_of(split));
    if (read == read_.end()) return Missed{true, 0, "nothing is known"};
    const std::uint64_t lost =
        kafka::known_unread(decoded(position).next, *read->second, read->second->high);
    if (lost == 0 || goes_on_after_loss()) return Missed{true, lost, "it is gone"};
    return Error{Action::kHalt, Code::kDataLoss, split + " went with records unread"};
  }

  bool starts_at_committed() const override { return options_.start == FakeStart::kCommitted; }
  bool start_is_explicit() const override { return options_.start_is_explicit; }

  Result<Positions> first_positions(const std::vector<std::string>& splits,
                                    MonoTime deadline) override {
    WEIR_CHECK(!starts_at_committed(), "committed positions are read by the decider");
    return at_edges(splits, deadline, options_.start == FakeStart::kEarliest);
  }
  Result<Positions> beginnings(const std::vector<std::string>& splits, MonoTime deadline) override {
    return at_edges(splits, deadline, true);
  }

  bool bounded() const override { return options_.bounded; }
  Result<Positions> ends(const std::vector<std::string>& splits, MonoTime deadline) override {
    if (!options_.bounded) return Positions{};
    return at_edges(splits, deadline, false);
  }
  Result<Positions> ends_now(const std::vector<std::string>& splits, MonoTime deadline) override {
    return at_edges(splits, deadline, false);
  }

  bool goes_on_after_loss() const override { return options_.on_data_loss != OnDataLoss::kFail; }
  Result<std::vector<TailCheck>> verify_tails(const std::vector<SplitAssignment>& assignments,
                                              MonoTime deadline) override {
    WEIR_TRY(reach(cluster_, interrupts_, "verify_tails", deadline));
    std::vector<TailCheck> checks;
    for (const SplitAssignment& each : assignments) {
      if (options_.matches && cluster_.log(partition_of(each.split.split)) == nullptr) {
        return Error{Action::kRetry, Code::kTopicMissing, each.split.split + " has just gone"};
      }
      checks.push_back(check_tail(cluster_, each, goes_on_after_loss()));
    }
    return checks;
  }

  Result<std::vector<std::unique_ptr<SplitReader>>> assign(
      const std::vector<SplitAssignment>& assignments,
      const std::vector<const Waker*>& wakers) override {
    std::vector<std::unique_ptr<SplitReader>> readers;
    for (std::size_t i = 0; i < assignments.size(); ++i) {
      const TopicPartition partition = partition_of(assignments[i].split.split);
      seen_.insert(partition.topic);
      const auto progress = std::make_shared<FakeProgress>();
      read_[partition] = progress;
      readers.push_back(std::make_unique<FakeReader>(
          cluster_, interrupts_, listing(options_.index, partition).origin, assignments[i],
          options_.on_data_loss, progress, wakers[i]));
    }
    return readers;
  }
  void unassign() override { seen_.clear(); }

  Result<> health() override {
    const std::map<std::string, std::int32_t> topics = cluster_.topics();
    for (const std::string& topic : seen_) {
      if (topics.contains(topic) || !cluster_.reachable()) continue;
      const Error gone{Action::kRecover, Code::kTopicMissing, "topic " + topic + " vanished"};
      seen_.clear();
      return gone;
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
    return kafka::encode_position(position);
  }
  std::optional<std::int64_t> distance(const Position& from, const Position& to) const override {
    return decoded(to).next - decoded(from).next;
  }

 private:
  Result<Positions> at_edges(const std::vector<std::string>& splits, MonoTime deadline,
                             bool beginning) {
    WEIR_TRY(reach(cluster_, interrupts_, "edges", deadline));
    Positions positions;
    for (const std::string& split : splits) {
      const FakeLog* log = cluster_.log(partition_of(split));
      if (log == nullptr) {
        return Error{Action::kRetry, Code::kTopicMissing, split + " does not exist"};
      }
      positions[split] =
          kafka::encode_position({.next = beginning ? log->begin() : log->stable_end()});
    }
    return positions;
  }

  const FakeSourceOptions options_;
  FakeCluster& cluster_;
  Interrupts& interrupts_;
  std::set<std::string> seen_;  // topics of this assignment that were there
  std::map<TopicPartition, std::shared_ptr<FakeProgress>> read_;  // since the beginning
};

}  // namespace

std::unique_ptr<Source> make_fake_source(FakeSourceOptions options, FakeCluster& cluster,
                                         Interrupts& interrupts) {
  return std::make_unique<FakeSource>(std::move(options), cluster, interrupts);
}

}  // namespace weir::test
