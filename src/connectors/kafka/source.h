#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/edges.h"
#include "connectors/kafka/loss.h"
#include "flow/source.h"

namespace weir::kafka {

enum class Start : unsigned char { kLatest, kEarliest, kCommitted, kTimestamp, kOffsets };
enum class End : unsigned char { kNone, kLatest, kTimestamp, kOffsets };

/// Topics by their names.
struct TopicPattern {
  std::string text;  ///< for people
  std::function<bool(const std::string& topic)> matches;
};

struct KafkaSourceOptions {
  SourceIndex index;
  std::string name;  ///< in the job file
  /// Where the job file names what is read, and from where to where ("job.yaml:7:15"), for
  /// messages.
  std::string topics_at = {};
  std::string start_at = {};
  std::string end_at = {};
  std::string job = "JOB";  ///< the job file, for the commands in messages
  KafkaCluster cluster;
  std::string group;  ///< for client quotas and logs; the source never joins it
  std::vector<std::string> topics;
  /// In place of `topics`: whatever matches, when it is there.
  std::optional<TopicPattern> pattern;
  /// In place of `topics`: these partitions only.
  std::map<std::string, std::vector<std::int32_t>> assign;
  Start start = Start::kLatest;
  bool start_is_explicit = false;
  std::int64_t start_timestamp_us = 0;
  OffsetsByTopic start_offsets;
  End end = End::kNone;
  std::int64_t end_timestamp_us = 0;
  OffsetsByTopic end_offsets;
  OnDataLoss on_data_loss = OnDataLoss::kFail;
  bool with_headers = false;                        ///< copy headers, which only `_headers` needs
  std::uint64_t fetch_bytes = 64ULL * 1024 * 1024;  ///< bound of all fetch queues together
  PropertyReader properties = {};
};

std::unique_ptr<Source> make_kafka_source(KafkaSourceOptions options);

}  // namespace weir::kafka
