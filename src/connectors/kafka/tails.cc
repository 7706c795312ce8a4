#include "connectors/kafka/tails.h"

#include <algorithm>

#include "connectors/kafka/partition_reader.h"
#include "connectors/kafka/position.h"

namespace weir::kafka {
namespace {

// How far back a tail is looked for when its offset is not known: control records and aborted
// rows stand between it and the position.
constexpr std::int64_t kTailWindow = 500;

Error unread(Client& reader, rd_kafka_resp_err_t error, const TopicPartition& partition) {
  Error meant = reader.explained(
      to_error(error, "reading the last consumed record of " + split_name(partition)));
  const bool stops = meant.action() == Action::kStopJob;
  return {stops ? Action::kStopJob : Action::kRetry, meant.code(), meant.message()};
}

Result<> assign(Client& reader, const rd_kafka_topic_partition_list_t* list,
                const TopicPartition& partition) {
  const rd_kafka_resp_err_t error = rd_kafka_assign(reader.get(), list);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return unread(reader, error, partition);
}

Result<> scan_tail(Client& reader, const TopicPartition& partition, std::int64_t from,
                   const PartitionPosition& position, TailCheck& check, MonoTime deadline) {
  const TopicList list = make_topic_list(1);
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
      ->offset = from;
  WEIR_TRY(assign(reader, list.get(), partition));
  bool other_at_tail = false;
  while (true) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(reader.get(), ms_left(deadline));
    if (message == nullptr) {
      rd_kafka_assign(reader.get(), nullptr);
      return Error{Action::kRetry, Code::kBrokersUnreachable,
                   "reading the last consumed record of " + split_name(partition) + " timed out"};
    }
    const bool record = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!record && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // Not read is not gone.
      const rd_kafka_resp_err_t failed = message->err;
      rd_kafka_message_destroy(message);
      rd_kafka_assign(reader.get(), nullptr);
      return unread(reader, failed, partition);
    }
    const bool over = !record || message->offset >= position.next;
    if (record && !over) {
      if (fingerprint_of(*message) == position.tail_fp) check.state = TailState::kSame;
      other_at_tail =
          message->offset == (position.tail_offset >= 0 ? position.tail_offset : position.next - 1);
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

}  // namespace

Result<std::optional<TailCheck>> verify_tail(Client& reader, const SplitAssignment& assignment,
                                             MonoTime deadline) {
  const PartitionPosition position = own_position(assignment.position);
  TailCheck check{assignment.split, TailState::kUnverified, {}};
  const TopicPartition partition = own_partition(assignment.split.split);
  std::int64_t low = 0;
  std::int64_t high = 0;
  const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
      reader.get(), partition.topic.c_str(), partition.partition, &low, &high, ms_left(deadline));
  if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
      error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    // Metadata can lack a partition for a moment; all of it is asked for before that is believed.
    WEIR_ASSIGN(const auto topics, list_topics(reader, deadline));
    const auto found = topics.find(partition.topic);
    if (found != topics.end() && partition.partition < found->second) {
      return Error{Action::kRetry, Code::kTopicMissing,
                   assignment.split.split + " was not there for a moment"};
    }
    return std::optional<TailCheck>();
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return reader.explained(to_error(error, "asking for the ends of " + assignment.split.split));
  }
  if (high < position.next) {
    check = {assignment.split, TailState::kOutside,
             "the log ends at " + std::to_string(high) + ", before position " +
                 std::to_string(position.next)};
    return std::optional(check);
  }
  check.detail = "nothing was consumed yet";
  if (position.tail_fp == 0) return std::optional(check);
  const std::int64_t from =
      std::max(low, position.tail_offset >= 0 ? position.tail_offset : position.next - kTailWindow);
  check.detail = "the last consumed record is not in the log any more";
  if (from >= position.next) return std::optional(check);
  WEIR_TRY(scan_tail(reader, partition, from, position, check, deadline));
  return std::optional(check);
}

}  // namespace weir::kafka
