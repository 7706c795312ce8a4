#include "connectors/kafka/edges.h"

namespace weir::kafka {
namespace {

Result<PositionMap> at_offsets(Client& client, const std::string& who,
                               const std::vector<std::string>& splits,
                               const OffsetsByTopic& offsets, MonoTime deadline, const char* key) {
  // Partitions that the job file does not name: from their beginning, to their end.
  WEIR_ASSIGN(auto positions,
              at_edges(client, splits, deadline,
                       std::string_view(key) == "start" ? Edge::kLow : Edge::kHigh));
  for (const auto& [topic, partitions] : offsets) {
    for (const auto& [partition, offset] : partitions) {
      const auto found = positions.find(split_name({topic, partition}));
      if (found == positions.end()) {
        return Error{Action::kStopJob, Code::kTopicMissing,
                     who + ": `" + key + ": { offsets: ... }` names " +
                         split_name({topic, partition}) + ", which is not one of its partitions"};
      }
      found->second = encode_position({.next = offset});
    }
  }
  return positions;
}

// What each log has at `timestamp_ms`, as ListOffsets takes it: one request to each leader, however
// many partitions. An answer below 0 is "nothing there".
Result<std::map<TopicPartition, std::int64_t>> offsets_at(
    Client& client, const std::vector<TopicPartition>& partitions, std::int64_t timestamp_ms,
    const std::string& what, MonoTime deadline) {
  std::map<TopicPartition, std::int64_t> offsets;
  if (partitions.empty()) return offsets;
  const TopicList list = make_topic_list(partitions.size());
  for (const TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
        ->offset = timestamp_ms;
  }
  const int timeout_ms = ms_left(deadline);
  const auto began = std::chrono::steady_clock::now();
  const rd_kafka_resp_err_t error =
      rd_kafka_offsets_for_times(client.get(), list.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return client.explained(to_error(error, what));
  // Where no answer came in time, the element shows NO_ERROR and what was asked. librdkafka counts
  // whole milliseconds of its own clock, so a call that took all but one of them counts as that.
  if (std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(timeout_ms - 1)) {
    return client.explained(to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, what));
  }
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = list->elems[i];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return client.explained(
          to_error(found.err, what + " of " + split_name({found.topic, found.partition})));
    }
    offsets[{found.topic, found.partition}] = found.offset;
  }
  return offsets;
}

std::vector<TopicPartition> partitions_of(const std::vector<std::string>& splits) {
  std::vector<TopicPartition> partitions;
  for (const std::string& split : splits) partitions.push_back(own_partition(split));
  return partitions;
}

}  // namespace

Result<std::map<TopicPartition, std::int64_t>> edge_offsets(
    Client& client, const std::vector<TopicPartition>& partitions, MonoTime deadline, Edge edge) {
  const std::string what = "asking for the ends";
  WEIR_ASSIGN(auto offsets,
              offsets_at(client, partitions,
                         edge == Edge::kLow ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END, what,
                         deadline));
  for (const auto& [partition, offset] : offsets) {
    if (offset >= 0) continue;
    return client.explained(
        to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, what + " of " + split_name(partition)));
  }
  return offsets;
}

Result<PositionMap> at_edges(Client& client, const std::vector<std::string>& splits,
                             MonoTime deadline, Edge edge) {
  WEIR_ASSIGN(const auto offsets, edge_offsets(client, partitions_of(splits), deadline, edge));
  PositionMap positions;
  for (const auto& [partition, offset] : offsets) {
    positions[split_name(partition)] = encode_position({.next = offset});
  }
  return positions;
}

Result<PositionMap> at_timestamp(Client& client, const std::vector<std::string>& splits,
                                 std::int64_t timestamp_us, MonoTime deadline) {
  // Where no record is as late, it is the end; asked first, or what comes in between is left out.
  WEIR_ASSIGN(auto positions, at_edges(client, splits, deadline, Edge::kHigh));
  WEIR_ASSIGN(const auto offsets, offsets_at(client, partitions_of(splits), timestamp_us / 1000,
                                             "asking for offsets by time", deadline));
  for (const auto& [partition, offset] : offsets) {
    if (offset >= 0) positions[split_name(partition)] = encode_position({.next = offset});
  }
  return positions;
}

// Assigned out of its log's range, a partition would look as if it had lost records.
Result<PositionMap> start_at_offsets(Client& client, const std::string& who,
                                     const std::vector<std::string>& splits,
                                     const OffsetsByTopic& offsets, MonoTime deadline) {
  WEIR_ASSIGN(auto positions, at_offsets(client, who, splits, offsets, deadline, "start"));
  WEIR_ASSIGN(const auto lows, at_edges(client, splits, deadline, Edge::kLow));
  WEIR_ASSIGN(const auto highs, at_edges(client, splits, deadline, Edge::kHigh));
  for (const auto& [split, position] : positions) {
    const std::int64_t low = own_position(lows.at(split)).next;
    const std::int64_t high = own_position(highs.at(split)).next;
    const std::int64_t start = own_position(position).next;
    if (low <= start && start <= high) continue;
    return Error{Action::kStopJob, Code::kOffsetOutOfRange,
                 who + ": `start` names offset " + std::to_string(start) + " of " + split +
                     ", which can begin at " + std::to_string(low) + " to " + std::to_string(high) +
                     "; name one of those, or write `start: earliest`"};
  }
  return positions;
}

Result<PositionMap> end_at_offsets(Client& client, const std::string& who,
                                   const std::vector<std::string>& splits,
                                   const OffsetsByTopic& offsets, MonoTime deadline) {
  return at_offsets(client, who, splits, offsets, deadline, "end");
}

}  // namespace weir::kafka
