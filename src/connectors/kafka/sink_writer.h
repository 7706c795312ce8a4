#pragma once

#include <functional>
#include <memory>
#include <string>

#include "connectors/kafka/producer.h"
#include "connectors/kafka/record_parts.h"
#include "flow/sink.h"
#include "formats/encoder.h"

namespace weir::kafka {

struct KafkaSinkOptions {
  std::string name;           ///< in the job file
  std::string topic_at = {};  ///< where it names the topic, "job.yaml:7:15", for messages
  KafkaCluster cluster;
  std::string topic;
  std::shared_ptr<const Encoder> encoder;
  MakeRecordParts make_parts;  ///< null for records of a value alone
};

/// The producer that an epoch's rows go to, asked for at its begin by each writer. It was opened
/// with every sink's topic. Never blocks. Errors: kRecover.
using BeginProducer = std::function<Result<std::shared_ptr<Producer>>()>;

/// Turns rows into records and hands them to a producer. `options` outlive it.
std::unique_ptr<SinkWriter> make_sink_writer(const KafkaSinkOptions& options, BeginProducer begin,
                                             const Waker* room);

}  // namespace weir::kafka
