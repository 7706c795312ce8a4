#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace weir::kafka {

// Records that are gone before they were read: because the log begins behind the position or ends
// before it, or because the topic was deleted.

/// What becomes of a position that the log does not hold (`on_data_loss`).
enum class OnDataLoss : unsigned char {
  kFail,      ///< a HALT that names the gap
  kEarliest,  ///< reading goes on at the log's beginning
  kLatest,    ///< ... at its end
};

/// Where reading goes on, and how many offsets of the log are not read for it.
struct Resumption {
  std::int64_t next = 0;
  std::uint64_t lost = 0;
};
/// For a position outside of a log that holds `low` up to `high`, with kEarliest or kLatest; `end`
/// is the assigned one, which bounds what there was to read. A log that ends before the position is
/// another one, of a topic that was made again. Pure.
Resumption resume_after_loss(std::int64_t position, std::int64_t low, std::int64_t high,
                             std::optional<std::int64_t> end, OnDataLoss rule);

/// How far a partition's reader has come. Written by it, read by the source's thread.
struct ReaderProgress {
  /// Behind the last record given, whatever became of it.
  std::atomic<std::int64_t> given = 0;
  /// The log's end, when it was reached last: up to there, what was not given is no record.
  std::atomic<std::int64_t> end = 0;
};

/// How many offsets at or behind `position` are known to be unread, of a log whose end was last
/// seen at `high` (negative: never): those that were given, and those behind the end that was
/// reached, of which some may be markers. Pure.
std::uint64_t known_unread(std::int64_t position, const ReaderProgress& progress,
                           std::int64_t high);

}  // namespace weir::kafka
