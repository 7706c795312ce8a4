#pragma once

#include <memory>

#include "connectors/kafka/plain_producer.h"
#include "connectors/kafka/sink_writer.h"

namespace weir::kafka {

/// Writes rows to a topic outside of any transaction, for at_least_once: readers see them at once,
/// and after a recovery some of them again. flush() before the decision makes them durable.
std::unique_ptr<Sink> make_kafka_plain_sink(KafkaSinkOptions options,
                                            std::shared_ptr<PlainProducer> producer);

}  // namespace weir::kafka
