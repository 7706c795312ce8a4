#include "connectors/kafka/position.h"

#include <charconv>
#include <limits>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"

namespace weir::kafka {

Position encode_position(const PartitionPosition& position) {
  ByteWriter out;
  out.u8(1);
  out.i64(position.next);
  out.i64(position.tail_offset);
  out.u64(position.tail_fp);
  return {out.take()};
}

std::optional<PartitionPosition> decode_position(const Position& position) {
  ByteReader in(position.bytes);
  if (in.u8() != 1) return std::nullopt;
  PartitionPosition decoded;
  decoded.next = in.i64();
  decoded.tail_offset = in.i64();
  decoded.tail_fp = in.u64();
  if (!in.done() || decoded.next < 0) return std::nullopt;
  return decoded;
}

std::uint64_t tail_fingerprint(std::int64_t offset, std::int64_t timestamp_ms, std::string_view key,
                               std::string_view value) {
  ByteWriter bytes;
  bytes.i64(offset);
  bytes.i64(timestamp_ms);
  bytes.str(key);
  bytes.str(value);
  const std::uint64_t hash = hash64(bytes.bytes());
  return hash == 0 ? 1 : hash;
}

std::int64_t record_micros(std::int64_t timestamp_ms) {
  constexpr std::int64_t kMaxMs = std::numeric_limits<std::int64_t>::max() / 1000;
  return timestamp_ms < 0 || timestamp_ms > kMaxMs ? 0 : timestamp_ms * 1000;
}

std::string split_name(const TopicPartition& partition) {
  return partition.topic + "/" + std::to_string(partition.partition);
}

std::optional<TopicPartition> parse_split(std::string_view split) {
  const std::size_t slash = split.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  TopicPartition parsed{.topic = std::string(split.substr(0, slash))};
  const std::string_view number = split.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), parsed.partition);
  if (error != std::errc{} || end != number.data() + number.size() || parsed.partition < 0) {
    return std::nullopt;
  }
  return parsed;
}

PartitionPosition own_position(const Position& position) {
  const std::optional<PartitionPosition> value = decode_position(position);
  WEIR_CHECK(value.has_value(), "positions of a Kafka source come from it");
  return *value;
}

TopicPartition own_partition(const std::string& split) {
  const std::optional<TopicPartition> parsed = parse_split(split);
  WEIR_CHECK(parsed.has_value(), "splits of a Kafka source are topic/partition");
  return *parsed;
}

}  // namespace weir::kafka
