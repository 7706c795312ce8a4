#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/position.h"
#include "flow/decider.h"

namespace weir::kafka {

/// One committed offset of a group, or why it is not known.
struct Committed {
  ReadState state = ReadState::kUnknown;
  std::int64_t offset = -1;  ///< with kValue
  std::string metadata;      ///< with kValue; empty when the one who committed gave none
  std::string why;           ///< with kUnknown
};

/// What a committed offset is as an entry of the mirror.
MirrorEntry mirror_entry(const SplitId& split, const Committed& committed);

/// An offset to commit for a group.
struct GroupOffset {
  TopicPartition partition;
  std::int64_t offset = 0;
  std::string metadata;
};
/// A mirror offset of that position.
GroupOffset group_offset(const TopicPartition& partition, const PartitionPosition& position,
                         const MirrorMark& mark);
/// As librdkafka takes them.
TopicList offset_list(const std::vector<GroupOffset>& offsets);

/// Which transactions a read waits for: a handle has one isolation level for its life.
enum class Isolation : unsigned char {
  kStable,  ///< read_committed: waits until pending offsets are settled
  kPlain,   ///< read_uncommitted: never waits, and may be one commit old
};

/// Reads and commits the offsets of consumer groups that it never joins, each through a small
/// consumer of its own that is never assigned (epochs.md, section 4, step 2).
///
/// Owned by a decider or a source. Thread: the committer.
class Groups {
 public:
  explicit Groups(KafkaCluster cluster) : cluster_(std::move(cluster)) {}

  /// One per partition, in that order. Errors: kStopJob for credentials and permissions; an outage
  /// is kUnknown in every element, never absent.
  Result<std::vector<Committed>> read(const std::string& group, Isolation isolation,
                                      const std::vector<TopicPartition>& partitions,
                                      MonoTime deadline);
  /// The mirror of `splits`, all of one group, read stably.
  Result<std::vector<MirrorEntry>> read_mirror(const std::string& group,
                                               const std::vector<SplitId>& splits,
                                               MonoTime deadline);
  /// Errors: kRetry, kStopJob.
  Result<bool> has_members(const std::string& group, MonoTime deadline);

  /// Commits offsets outside of any transaction. Errors: kRetry.
  Result<> commit(const std::string& group, const std::vector<GroupOffset>& offsets);

  /// The handle that reads `group`; for calls that any handle of the cluster can make.
  Result<Client*> client(const std::string& group, Isolation isolation);
  /// Closes every handle but the stable one of `group`.
  void keep_only(const std::string& group);
  void close_all() { clients_.clear(); }

 private:
  const KafkaCluster cluster_;
  std::map<std::pair<std::string, Isolation>, std::unique_ptr<Client>> clients_;
};

}  // namespace weir::kafka
