#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"

namespace weir::kafka {

/// What a record has beside its encoded value: key, partition, headers, and whether it is a
/// tombstone. What is not overridden is not there.
///
/// Owned by a sink's writer, one each. Thread: the worker of that writer.
class RecordParts {
 public:
  virtual ~RecordParts() = default;

  /// Called once per batch, before the others. Rows that fail go to `errors` and are not written;
  /// nothing is asked about them.
  virtual Result<> prepare(const Batch& batch, std::vector<RowError>& errors) = 0;

  /// The key's bytes, none for a NULL key. Valid until it is asked for the next row.
  virtual std::optional<std::string_view> key(const Batch& /*batch*/, RowIndex /*row*/) {
    return std::nullopt;
  }

  /// Where the record goes; none leaves it to the topic's partitioner. One that the topic does not
  /// have is the row's error. Needs OutputTopic::rows_choose_partition.
  virtual std::optional<std::int32_t> partition(const Batch& /*batch*/, RowIndex /*row*/) {
    return std::nullopt;
  }

  /// In this order; a name may come twice. Valid until it is asked for the next row.
  virtual std::span<const RecordHeader> headers(const Batch& /*batch*/, RowIndex /*row*/) {
    return {};
  }

  /// The record has no value, whatever the row's columns are.
  virtual bool tombstone(const Batch& /*batch*/, RowIndex /*row*/) { return false; }
};

/// Makes the parts of one writer; null for records of a value alone.
using MakeRecordParts = std::function<std::unique_ptr<RecordParts>()>;

}  // namespace weir::kafka
