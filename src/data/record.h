#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "data/arena.h"

namespace weir {

struct RecordHeader {
  std::string_view name;
  std::string_view value;
  bool value_null = false;
};

/// One record as its source gave it, before decoding. Views point into the batch's arena.
struct Record {
  std::string_view key;
  std::string_view value;  ///< followed by at least kValuePadding readable bytes
  bool key_null = true;
  bool value_null = false;        ///< a tombstone
  std::int64_t offset = 0;        ///< Kafka: offset; file: byte; generate: i
  std::int64_t timestamp_us = 0;  ///< microseconds since 1970; 0 when the source has none
  std::span<const RecordHeader> headers;
  /// Behind the offset in `_id`, where several rows were made of one record: ":2".
  std::string_view id_suffix = {};
};

/// simdjson reads up to 64 bytes past the end of its input.
constexpr std::size_t kValuePadding = 64;

/// Where the records of a batch come from. One per split, shared by its batches; immutable.
struct Origin {
  SourceIndex source;
  std::string split;  ///< the source's name of the split; Kafka "topic/partition"
  std::string topic;  ///< `_topic`: Kafka topic, file path, generator name
  std::int32_t partition = 0;
  std::string id_prefix;  ///< `_id` is this and the offset: "topic:partition:", "path:"
};

/// A batch of records of one split, undecoded.
///
/// Filled by a SplitReader, consumed by a decoder; the arena then goes on into the Batch.
/// Thread: the worker of the split.
struct RecordBatch {
  std::shared_ptr<const Origin> origin;
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();
  std::vector<Record> records;
  std::size_t payload_bytes = 0;  ///< keys, values and headers, for the epoch's budget
};

}  // namespace weir
