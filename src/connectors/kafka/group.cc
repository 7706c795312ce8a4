#include "connectors/kafka/group.h"

#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "connectors/kafka/cell.h"
#include "connectors/kafka/position.h"

namespace weir::kafka {

MirrorEntry mirror_entry(const SplitId& split, const Committed& committed) {
  MirrorEntry entry{
      .split = split, .state = committed.state, .position = {}, .mark = {}, .text = {}};
  if (committed.state == ReadState::kUnknown) entry.text = committed.why;
  if (committed.state != ReadState::kValue) return entry;
  PartitionPosition position{.next = committed.offset};
  if (const std::optional<MirrorMetadata> mirror = parse_mirror(committed.metadata)) {
    entry.mark = mirror->mark;
    position.tail_fp = mirror->tail_fp;
  }
  entry.position = encode_position(position);
  entry.text = "offset " + std::to_string(committed.offset) +
               (committed.metadata.empty() ? ", no metadata" : ", metadata " + committed.metadata);
  return entry;
}

GroupOffset group_offset(const TopicPartition& partition, const PartitionPosition& position,
                         const MirrorMark& mark) {
  return {partition, position.next, encode_mirror({mark, position.tail_fp})};
}

TopicList offset_list(const std::vector<GroupOffset>& offsets) {
  TopicList list = make_topic_list(offsets.size());
  for (const GroupOffset& offset : offsets) {
    rd_kafka_topic_partition_t* const element = rd_kafka_topic_partition_list_add(
        list.get(), offset.partition.topic.c_str(), offset.partition.partition);
    element->offset = offset.offset;
    element->metadata = std::malloc(offset.metadata.size());
    WEIR_CHECK(element->metadata != nullptr, "256 bytes are to be had");
    std::memcpy(element->metadata, offset.metadata.data(), offset.metadata.size());
    element->metadata_size = offset.metadata.size();
  }
  return list;
}

Result<Client*> Groups::client(const std::string& group, Isolation isolation) {
  std::unique_ptr<Client>& client = clients_[{group, isolation}];
  if (!client) {
    WEIR_ASSIGN(client, Client::open(cluster_, RD_KAFKA_CONSUMER,
                                     {{"group.id", group},
                                      {"isolation.level", isolation == Isolation::kStable
                                                              ? "read_committed"
                                                              : "read_uncommitted"},
                                      {"enable.auto.commit", "false"}}));
  }
  return client.get();
}

void Groups::keep_only(const std::string& group) {
  std::erase_if(clients_, [&](const auto& entry) {
    return entry.first != std::pair(group, Isolation::kStable);
  });
}

Result<std::vector<Committed>> Groups::read(const std::string& group, Isolation isolation,
                                            const std::vector<TopicPartition>& partitions,
                                            MonoTime deadline) {
  WEIR_ASSIGN(Client * reader, client(group, isolation));
  const TopicList list = make_topic_list(partitions.size());
  for (const TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  }
  const rd_kafka_resp_err_t called =
      rd_kafka_committed(reader->get(), list.get(), ms_left(deadline));
  std::vector<Committed> result(partitions.size());
  if (called != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Error error =
        with_name(reader->explained(to_error(called, "reading the offsets of group " + group)),
                  "GROUP", group);
    if (error.action() == Action::kStopJob) return error;
    // The elements show NO_ERROR and -1001 now: that is not "absent".
    for (Committed& committed : result) committed.why = error.message();
    return result;
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    const rd_kafka_topic_partition_t* found = rd_kafka_topic_partition_list_find(
        list.get(), partitions[i].topic.c_str(), partitions[i].partition);
    Committed& committed = result[i];
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const std::string what =
          "reading the offset of " + split_name(partitions[i]) + " of group " + group;
      Error error = with_name(reader->explained(to_error(found->err, what)), "GROUP", group);
      if (error.action() == Action::kStopJob) return error;
      committed.why = error.message();
    } else if (found->offset < 0) {
      committed.state = ReadState::kAbsent;
    } else {
      committed.state = ReadState::kValue;
      committed.offset = found->offset;
      if (found->metadata != nullptr) {
        committed.metadata.assign(static_cast<const char*>(found->metadata), found->metadata_size);
      }
    }
  }
  return result;
}

Result<std::vector<MirrorEntry>> Groups::read_mirror(const std::string& group,
                                                     const std::vector<SplitId>& splits,
                                                     MonoTime deadline) {
  std::vector<TopicPartition> partitions;
  for (const SplitId& split : splits) {
    const std::optional<TopicPartition> parsed = parse_split(split.split);
    WEIR_CHECK(parsed.has_value(), "splits of a Kafka source are topic/partition");
    partitions.push_back(*parsed);
  }
  WEIR_ASSIGN(const std::vector<Committed> offsets,
              read(group, Isolation::kStable, partitions, deadline));
  std::vector<MirrorEntry> entries;
  for (std::size_t i = 0; i < splits.size(); ++i) {
    entries.push_back(mirror_entry(splits[i], offsets[i]));
  }
  return entries;
}

Result<> Groups::commit(const std::string& group, const std::vector<GroupOffset>& offsets) {
  WEIR_ASSIGN(Client * reader, client(group, Isolation::kStable));
  const TopicList list = offset_list(offsets);
  const rd_kafka_resp_err_t error = rd_kafka_commit(reader->get(), list.get(), 0);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  Error meant =
      with_name(reader->explained(to_error(error, "committing the offsets of group " + group)),
                "GROUP", group);
  return Error{Action::kRetry, meant.code(), meant.message()};
}

Result<bool> Groups::has_members(const std::string& group, MonoTime deadline) {
  WEIR_ASSIGN(Client * reader, client(group, Isolation::kStable));
  const rd_kafka_group_list* groups = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_list_groups(reader->get(), group.c_str(), &groups, ms_left(deadline));
  bool found = false;
  bool members = false;
  for (int i = 0; groups != nullptr && i < groups->group_cnt; ++i) {
    const rd_kafka_group_info& info = groups->groups[i];
    found = found || info.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    members = members || info.member_cnt > 0;
  }
  if (groups != nullptr) rd_kafka_group_list_destroy(groups);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return members;
  // Some broker did not answer. The one that knows the group is its coordinator, so it did.
  if (error == RD_KAFKA_RESP_ERR__PARTIAL && found) return members;
  Error meant = with_name(reader->explained(to_error(error, "asking who is in group " + group)),
                          "GROUP", group);
  return Error{meant.action() == Action::kStopJob ? Action::kStopJob : Action::kRetry, meant.code(),
               meant.message()};
}

}  // namespace weir::kafka
