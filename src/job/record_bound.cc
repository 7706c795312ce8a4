#include "job/record_bound.h"

namespace weir {

void RecordBound::begin() {
  too_large_.reset();
  alone_.reset();
  given_bytes_.clear();
}

bool RecordBound::made(const Batch& batch) {
  // Rows are in the order of their records. Those of a record that takes much fill batches alone.
  const Record& first = batch.records[batch.selection.front()];
  const std::int64_t record = first.offset;
  if (first.id_suffix.empty() || batch.records[batch.selection.back()].offset != record) {
    alone_.reset();
    return true;
  }
  const std::uint64_t held = batch.arena->bytes_held();
  if (alone_ != record) {
    alone_ = record;
    held_before_ = held;
  }
  if (held - held_before_ > bytes_max_) too_large_ = record;
  return !too_large_;
}

bool RecordBound::given(const Batch& batch) {
  for (const RowIndex row : batch.selection) {
    if (batch.records[row].id_suffix.empty()) continue;  // the only row of its record
    const std::int64_t record = batch.records[row].offset;
    std::uint64_t& bytes = given_bytes_[record];
    bytes += text_bytes(batch, row);
    if (bytes > bytes_max_) {
      too_large_ = record;
      return false;
    }
  }
  return true;
}

}  // namespace weir
