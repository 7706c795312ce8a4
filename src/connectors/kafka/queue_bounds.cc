#include "connectors/kafka/queue_bounds.h"

#include <algorithm>

namespace weir::kafka {
namespace {

// The largest values that librdkafka 2.0.2 takes.
constexpr std::uint64_t kQueuedKbytesMax = 2'097'151;
constexpr std::uint64_t kQueuedMessagesMax = 10'000'000;
constexpr std::uint64_t kBufferingMax = 2'147'483'647;

}  // namespace

QueueBounds share_queues(std::uint64_t fetch_bytes, std::size_t partitions) {
  constexpr std::uint64_t kLeastBytes = 1ULL << 20U;
  const std::uint64_t bytes =
      std::max(fetch_bytes / std::max<std::size_t>(partitions, 1), kLeastBytes);
  return {.kbytes_max = std::min(bytes / 1024, kQueuedKbytesMax),
          .messages_max = std::min(bytes / 128, kQueuedMessagesMax)};
}

OutputBounds bound_output(std::uint64_t queue_bytes) {
  // 1,000 messages: room for one batch of rows, whatever the share.
  return {.kbytes_max = std::clamp<std::uint64_t>(queue_bytes / 1024, 1024, kBufferingMax),
          .messages_max = std::clamp<std::uint64_t>(queue_bytes / 200, 1000, kBufferingMax)};
}

}  // namespace weir::kafka
