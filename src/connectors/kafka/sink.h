#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/kafka/producer.h"
#include "flow/sink.h"
#include "formats/encoder.h"

namespace weir::kafka {

/// Where the key of a row comes from; an object per writer.
class KeySource {
 public:
  virtual ~KeySource() = default;
  /// Called once per batch, before key(). Rows whose key fails go to `errors`.
  virtual Result<> prepare(const Batch& batch, std::vector<RowError>& errors) = 0;
  /// The key's bytes, none for a NULL key. Valid until the next call.
  virtual std::optional<std::string_view> key(const Batch& batch, RowIndex row) = 0;
};

struct KafkaSinkOptions {
  std::string name;  ///< in the job file
  KafkaCluster cluster;
  std::string topic;
  std::shared_ptr<const Encoder> encoder;
  /// Makes a KeySource per writer; null for records without a key.
  std::function<std::unique_ptr<KeySource>()> make_key;
};

/// Writes rows to a topic, into the transaction of the decider whose producers are in `slot`.
std::unique_ptr<Sink> make_kafka_sink(KafkaSinkOptions options, std::shared_ptr<ProducerSlot> slot);

}  // namespace weir::kafka
