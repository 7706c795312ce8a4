#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::kafka {

/// What one partition's fetch queue may hold, in the units of librdkafka's properties: at either
/// bound nothing is fetched for that partition.
struct QueueBounds {
  std::uint64_t kbytes_max = 0;    ///< queued.max.messages.kbytes: keys and values
  std::uint64_t messages_max = 0;  ///< queued.min.messages
};

/// Shares `fetch_bytes` out over `partitions`, at least 1 MiB each.
///
/// librdkafka 2.0.2 fetches nothing for up to a second after a queue was full, so the bytes are
/// what bounds records of 128 bytes and more. Each record costs about 250 bytes beside its own,
/// hence the bound of messages: many short ones would take that many times their share.
QueueBounds share_queues(std::uint64_t fetch_bytes, std::size_t partitions);

/// What a producer's queue may hold, in the units of librdkafka's properties.
struct OutputBounds {
  std::uint64_t kbytes_max = 0;    ///< queue.buffering.max.kbytes: keys and values
  std::uint64_t messages_max = 0;  ///< queue.buffering.max.messages
};

/// The bounds of a queue of `queue_bytes`; its messages cost some 200 bytes beside their own.
OutputBounds bound_output(std::uint64_t queue_bytes);

}  // namespace weir::kafka
