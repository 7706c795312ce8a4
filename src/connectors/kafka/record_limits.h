#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "data/record.h"

namespace weir::kafka {

/// A record as it is written, or was refused. Views.
struct OutputRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const RecordHeader> headers;
};

/// What the broker compares with a topic's max.message.bytes when the record is alone in its batch,
/// uncompressed (Kafka's record format 2). Pure.
std::uint64_t batch_of_one_bytes(const OutputRecord& record);

/// Below this a topic takes nothing that weir writes: the end of a transaction is a batch of 78
/// bytes, which the brokers try to write for ever, and a dead letter names its error in a header.
inline constexpr std::uint64_t kBatchBytesMin = 256;

/// What the topics of a cluster take, and the records that its brokers have refused as too large in
/// the open epoch: its next attempt treats those as errors of their rows.
///
/// Only a broker can say that a record is too large, since it looks at the compressed batch. So
/// nothing is refused in advance, and an epoch without such records pays nothing. A refused record
/// is known by its bytes, which a replay makes again. What was refused counts for one epoch: by the
/// next the topic's owner may have raised the limit.
///
/// Shared by the producers, sinks and writers of a cluster. Thread: any; locks inside.
class RecordLimits {
 public:
  /// The topic's max.message.bytes, asked for at each claim; none when the cluster did not say,
  /// which leaves what is known.
  void learn(const std::string& topic, std::optional<std::uint64_t> batch_bytes_max)
      WEIR_EXCLUDES(mutex_);
  std::optional<std::uint64_t> batch_bytes_max(const std::string& topic) const
      WEIR_EXCLUDES(mutex_);
  /// The smallest of all topics; none when none is known.
  std::optional<std::uint64_t> batch_bytes_max() const WEIR_EXCLUDES(mutex_);

  /// Forgets what was refused in another epoch.
  void begin(EpochId epoch) WEIR_EXCLUDES(mutex_);
  /// A broker has refused the batch of `record` as too large. True when that is the record's own
  /// fault and was not known: batches of several never exceed the limit (Producer::open). Where
  /// nothing is `compressed`, every other record above the limit is known to be refused with it.
  bool note(const std::string& topic, const OutputRecord& record, bool compressed)
      WEIR_EXCLUDES(mutex_);
  /// Something was refused in this epoch; until then refuses() need not be asked.
  bool any(const std::string& topic) const WEIR_EXCLUDES(mutex_);
  bool refuses(const std::string& topic, const OutputRecord& record) const WEIR_EXCLUDES(mutex_);

 private:
  struct Topic {
    std::optional<std::uint64_t> batch_bytes_max;
    std::set<std::uint64_t> refused;  // fingerprints
    bool all_above = false;           // the limit, too, was refused
  };
  const Topic* find(const std::string& topic) const WEIR_REQUIRES(mutex_);

  mutable Mutex mutex_;
  EpochId epoch_ WEIR_GUARDED_BY(mutex_);
  std::map<std::string, Topic> topics_ WEIR_GUARDED_BY(mutex_);
};

/// The record of a delivery report; `headers` holds what it points to. Valid as long as the report.
OutputRecord record_of(const rd_kafka_message_t& message, std::vector<RecordHeader>& headers);

}  // namespace weir::kafka
