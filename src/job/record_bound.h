#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "data/batch.h"

namespace weir {

/// Keeps what the rows of one record take in memory under a bound. A step that makes many rows of a
/// record, beside a long text, makes them out of anything that a record can hold, and no commit can
/// come between them.
///
/// Owned by a pipeline. Thread: its worker.
class RecordBound {
 public:
  explicit RecordBound(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  std::uint64_t bytes_max() const { return bytes_max_; }

  /// Before the records of a batch, and before each time that they start over.
  void begin();
  /// A step lets out rows that it has just made. False when the rows of one record are too many:
  /// see too_large().
  bool made(const Batch& batch);
  /// Rows for a sink, which renders each whole. As made().
  bool given(const Batch& batch);
  /// The offset of the record whose rows take too much; none while all is well.
  std::optional<std::int64_t> too_large() const { return too_large_; }

 private:
  const std::uint64_t bytes_max_;
  std::optional<std::int64_t> too_large_;
  // What the arena held when rows of this record alone began to come.
  std::optional<std::int64_t> alone_;
  std::uint64_t held_before_ = 0;
  std::unordered_map<std::int64_t, std::uint64_t> given_bytes_;  // by offset
};

}  // namespace weir
