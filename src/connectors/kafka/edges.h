#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/position.h"

namespace weir::kafka {

/// Offsets by topic and partition, as `start:` and `end:` name them.
using OffsetsByTopic = std::map<std::string, std::map<std::int32_t, std::int64_t>>;
/// One position per split.
using PositionMap = std::map<std::string, Position>;

// Where logs begin and end, and `start:` and `end:` lie in those of `splits`. Each blocks until
// `deadline` at most. Thread: the committer. Errors: kRetry; kStopJob for permissions, and for what
// `start:` or `end:` of source `who`, as messages begin, names and the partitions do not have.

enum class Edge : unsigned char { kLow, kHigh };
/// The first offset kept, or the one behind the last that is committed; of all `partitions`, which
/// exist, with one request to each leader.
Result<std::map<TopicPartition, std::int64_t>> edge_offsets(
    Client& client, const std::vector<TopicPartition>& partitions, MonoTime deadline, Edge edge);
/// The same as positions.
Result<PositionMap> at_edges(Client& client, const std::vector<std::string>& splits,
                             MonoTime deadline, Edge edge);
/// The first record that is as late; the end where none is.
Result<PositionMap> at_timestamp(Client& client, const std::vector<std::string>& splits,
                                 std::int64_t timestamp_us, MonoTime deadline);
/// Offsets for `start:`, which the logs hold; partitions that are not named at their beginning.
Result<PositionMap> start_at_offsets(Client& client, const std::string& who,
                                     const std::vector<std::string>& splits,
                                     const OffsetsByTopic& offsets, MonoTime deadline);
/// Offsets for `end:`; partitions that are not named at their end.
Result<PositionMap> end_at_offsets(Client& client, const std::string& who,
                                   const std::vector<std::string>& splits,
                                   const OffsetsByTopic& offsets, MonoTime deadline);

}  // namespace weir::kafka
