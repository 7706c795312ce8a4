#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "connectors/kafka/client.h"
#include "connectors/kafka/loss.h"
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
