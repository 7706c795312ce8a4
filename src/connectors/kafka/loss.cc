#include "connectors/kafka/loss.h"

#include <algorithm>

namespace weir::kafka {

Resumption resume_after_loss(std::int64_t position, std::int64_t low, std::int64_t high,
                             std::optional<std::int64_t> end, OnDataLoss rule) {
  // A log that was made again is read from its beginning; in the same one nothing comes twice.
  const std::int64_t first = position < low ? position : low;
  std::int64_t next = rule == OnDataLoss::kEarliest ? low : high;
  // Where the job was to end before the loss is over, it ends.
  if (end && position < low) next = std::min(next, *end);
  return {next, static_cast<std::uint64_t>(next - first)};
}

std::uint64_t known_unread(std::int64_t position, const ReaderProgress& progress,
                           std::int64_t high) {
  std::int64_t end = progress.given;
  // Behind the end that was reached, nobody has looked yet.
  if (high > progress.end) end = std::max(end, high);
  return end > position ? static_cast<std::uint64_t>(end - position) : 0;
}

}  // namespace weir::kafka
