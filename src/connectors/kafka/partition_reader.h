#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "connectors/kafka/client.h"
#include "connectors/kafka/position.h"
#include "flow/source.h"

namespace weir::kafka {

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const {
    rd_kafka_queue_io_event_enable(queue, -1, nullptr, 0);
    rd_kafka_queue_destroy(queue);
  }
};
/// A partition's own queue.
using Queue = std::unique_ptr<rd_kafka_queue_t, QueueDeleter>;

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

/// How many offsets of a log, of which `high` is the last end that was seen (negative: none was),
/// are known to hold records at or behind `position`. Pure.
std::uint64_t known_unread(std::int64_t position, const ReaderProgress& progress,
                           std::int64_t high);

/// One partition as it is assigned to a reader.
struct Reading {
  std::string source;  ///< its name in the job file
  std::string job;     ///< the job file, for the commands in messages
  std::shared_ptr<const Origin> origin;
  TopicPartition partition;
  PartitionPosition position;
  std::optional<std::int64_t> end;
  std::set<std::int64_t> skips;
  OnDataLoss on_data_loss = OnDataLoss::kFail;
  bool with_headers = false;
  std::shared_ptr<ReaderProgress> progress;  ///< may be null
};

/// Reads what comes to `queue`. `client` outlives it.
std::unique_ptr<SplitReader> make_partition_reader(Client& client, Queue queue, Reading reading);

/// tail_fingerprint() of a record as librdkafka gives it.
std::uint64_t fingerprint_of(const rd_kafka_message_t& message);

}  // namespace weir::kafka
