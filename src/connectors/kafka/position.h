#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flow/lane_record.h"

namespace weir::kafka {

/// What a Position of a Kafka partition holds. Bytes, version 1: u8 1 | i64 next | i64 tail_offset
/// | u64 tail_fp, little-endian (base/bytes.h).
struct PartitionPosition {
  std::int64_t next = 0;          ///< the first offset not yet consumed
  std::int64_t tail_offset = -1;  ///< of the last consumed record; -1 unknown (read from a mirror)
  std::uint64_t tail_fp = 0;      ///< its fingerprint; 0 before the first
  bool operator==(const PartitionPosition&) const = default;
};

Position encode_position(const PartitionPosition& position);
/// Nothing for bytes that encode_position did not make.
std::optional<PartitionPosition> decode_position(const Position& position);

/// XXH3-64 over offset, timestamp (ms), key and value of a record; never 0.
std::uint64_t tail_fingerprint(std::int64_t offset, std::int64_t timestamp_ms, std::string_view key,
                               std::string_view value);

/// A record's timestamp (ms) in the microseconds of timestamptz. 0, which is none, where they do
/// not hold it: Kafka takes any 64 bits from a producer, and -1 is a producer's "no time".
std::int64_t record_micros(std::int64_t timestamp_ms);

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};
/// "topic/3", a split's name. A topic's name has no slash.
std::string split_name(const TopicPartition& partition);
std::optional<TopicPartition> parse_split(std::string_view split);

/// Those of a Kafka source's own positions and splits, which always can be read.
PartitionPosition own_position(const Position& position);
TopicPartition own_partition(const std::string& split);

}  // namespace weir::kafka
