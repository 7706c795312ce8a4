#include "connectors/kafka/tails.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "connectors/kafka/edges.h"
#include "connectors/kafka/partition_reader.h"
#include "connectors/kafka/position.h"

namespace weir::kafka {
namespace {

// How far back a tail is looked for when its offset is not known: control records and aborted
// rows stand between it and the position.
constexpr std::int64_t kTailWindow = 500;

// One record of each partition, or the window that it must stand in: fetches are small, 8 MiB for a
// whole group. A fetch that waits at one partition's end holds the others up. The queue does not
// fill while it is being emptied: librdkafka 2.0.2 sleeps up to a second when it has.
const Properties kFetching = {{"fetch.wait.max.ms", "10"},
                              {"fetch.message.max.bytes", "65536"},
                              {"queued.min.messages", "1000000"},
                              {"queued.max.messages.kbytes", "32768"}};

using Topics = std::map<std::string, std::int32_t>;

// A tail that is to be compared.
struct Tail {
  TopicPartition partition;
  PartitionPosition position;
  std::optional<TailCheck>* check = nullptr;
  std::int64_t from = 0;  // what is read, as long as it is not settled
  bool settled = false;

  void settle(TailState state, std::string detail) {
    (*check)->state = state;
    (*check)->detail = std::move(detail);
    settled = true;
  }
};
// Those that are being read.
using Open = std::map<TopicPartition, Tail*>;

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

bool is_listed(const Topics& topics, const TopicPartition& partition) {
  const auto found = topics.find(partition.topic);
  return found != topics.end() && partition.partition < found->second;
}

// What the list of topics settles: partitions that are gone.
Result<> settle_by_topics(Client& reader, std::vector<Tail>& tails, MonoTime deadline) {
  WEIR_ASSIGN(const Topics topics, list_topics(reader, deadline));
  const auto listed = [&](const Tail& tail) { return is_listed(topics, tail.partition); };
  if (std::all_of(tails.begin(), tails.end(), listed)) return {};
  // Metadata can lack a partition for a moment: what is missing once is asked for again.
  WEIR_ASSIGN(const Topics again, list_topics(reader, deadline));
  for (Tail& tail : tails) {
    if (listed(tail)) continue;
    if (is_listed(again, tail.partition)) {
      return Error{Action::kRetry, Code::kTopicMissing,
                   (*tail.check)->split.split + " was not there for a moment"};
    }
    tail.check->reset();
    tail.settled = true;
  }
  return {};
}

// What the ends of the logs settle: those that end before the position, or begin at it, and those
// of which nothing was consumed yet.
Result<> settle_by_ends(Client& reader, std::vector<Tail>& tails, MonoTime deadline) {
  std::vector<TopicPartition> partitions;
  for (const Tail& tail : tails) {
    if (!tail.settled) partitions.push_back(tail.partition);
  }
  WEIR_ASSIGN(const auto lows, edge_offsets(reader, partitions, deadline, Edge::kLow));
  WEIR_ASSIGN(const auto highs, edge_offsets(reader, partitions, deadline, Edge::kHigh));
  for (Tail& tail : tails) {
    if (tail.settled) continue;
    const PartitionPosition& position = tail.position;
    const std::int64_t high = highs.at(tail.partition);
    if (high < position.next) {
      tail.settle(TailState::kOutside, "the log ends at " + std::to_string(high) +
                                           ", before position " + std::to_string(position.next));
      continue;
    }
    if (position.tail_fp == 0) {
      tail.settled = true;
      continue;
    }
    tail.from =
        std::max(lows.at(tail.partition),
                 position.tail_offset >= 0 ? position.tail_offset : position.next - kTailWindow);
    (*tail.check)->detail = "the last consumed record is not in the log any more";
    tail.settled = tail.from >= position.next;
  }
  return {};
}

// What one message of its partition settles; an error is for the caller.
void settle_by_message(Tail& tail, const rd_kafka_message_t& message) {
  const PartitionPosition& position = tail.position;
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF || message.offset >= position.next) {
    tail.settled = true;
  } else if (fingerprint_of(message) == position.tail_fp) {
    tail.settle(TailState::kSame, (*tail.check)->detail);
  } else if (message.offset ==
             (position.tail_offset >= 0 ? position.tail_offset : position.next - 1)) {
    tail.settle(TailState::kRewritten,
                "another record stands where the last consumed one was, before offset " +
                    std::to_string(position.next));
  }
}

Error unread(Client& reader, rd_kafka_resp_err_t error, const Open& open) {
  std::string what = "reading the last consumed record of " + split_name(open.begin()->first);
  if (open.size() > 1) what += " and " + std::to_string(open.size() - 1) + " more";
  Error meant = reader.explained(to_error(error, what));
  const bool stops = meant.action() == Action::kStopJob;
  return {stops ? Action::kStopJob : Action::kRetry, meant.code(), meant.message()};
}

// What is settled is fetched no more, or it would fill the queue with all that lies behind it.
void pause(Client& reader, const TopicPartition& partition) {
  const TopicList list = make_topic_list(1);
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  rd_kafka_pause_partitions(reader.get(), list.get());
}

Result<> read_assigned(Client& reader, Open& open, MonoTime deadline) {
  while (!open.empty()) {
    const Message message(std::chrono::steady_clock::now() < deadline
                              ? rd_kafka_consumer_poll(reader.get(), ms_left(deadline))
                              : nullptr);
    if (!message) return unread(reader, RD_KAFKA_RESP_ERR__TIMED_OUT, open);
    const bool has_partition = message->rkt != nullptr;
    const auto found = has_partition
                           ? open.find({rd_kafka_topic_name(message->rkt), message->partition})
                           : open.end();
    if (has_partition && found == open.end()) continue;  // it was on its way
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
        message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // Not read is not gone.
      return unread(reader, message->err, has_partition ? Open{*found} : open);
    }
    if (!has_partition) continue;
    settle_by_message(*found->second, *message);
    if (!found->second->settled) continue;
    pause(reader, found->first);
    open.erase(found);
  }
  return {};
}

Result<> read_group(Client& reader, Open open, MonoTime deadline) {
  const TopicList list = make_topic_list(open.size());
  for (const auto& [partition, tail] : open) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
        ->offset = tail->from;
  }
  const rd_kafka_resp_err_t error = rd_kafka_assign(reader.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unread(reader, error, open);
  Result<> read = read_assigned(reader, open, deadline);
  rd_kafka_assign(reader.get(), nullptr);
  return read;
}

}  // namespace

Result<std::vector<std::optional<TailCheck>>> compare_tails(
    const OpenReader& open_reader, const std::vector<SplitAssignment>& assignments,
    bool outside_of_all, MonoTime deadline) {
  std::vector<std::optional<TailCheck>> checks;
  for (const SplitAssignment& assignment : assignments) {
    checks.push_back(
        TailCheck{assignment.split, TailState::kUnverified, "nothing was consumed yet"});
  }
  std::vector<Tail> tails;
  for (std::size_t i = 0; i < assignments.size(); ++i) {
    const PartitionPosition position = own_position(assignments[i].position);
    const bool may_be_outside = outside_of_all && position.next > 0;
    if (position.tail_fp == 0 && !may_be_outside) continue;
    tails.push_back({own_partition(assignments[i].split.split), position, &checks[i]});
  }
  if (tails.empty()) return checks;
  WEIR_ASSIGN(const std::unique_ptr<Client> reader, open_reader(kFetching));
  WEIR_TRY(settle_by_topics(*reader, tails, deadline));
  WEIR_TRY(settle_by_ends(*reader, tails, deadline));
  Open group;
  for (Tail& tail : tails) {
    if (!tail.settled) group.emplace(tail.partition, &tail);
    const bool full = group.size() == kTailGroup || &tail == &tails.back();
    if (full && !group.empty()) WEIR_TRY(read_group(*reader, std::exchange(group, {}), deadline));
  }
  return checks;
}

}  // namespace weir::kafka
