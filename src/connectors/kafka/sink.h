#pragma once

#include <memory>

#include "connectors/kafka/sink_writer.h"

namespace weir::kafka {

/// Writes rows to a topic, into the transaction of the decider whose producers are in `slot`.
std::unique_ptr<Sink> make_kafka_sink(KafkaSinkOptions options, std::shared_ptr<ProducerSlot> slot);

/// What both kinds of sink ask before the first row: is the topic there, and how much does it take
/// (`limits` learns it, where the cluster says so)? Errors: kRetry; kStopJob.
Result<> check_topic(const KafkaSinkOptions& options, RecordLimits& limits, MonoTime deadline);

}  // namespace weir::kafka
