#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::test {

struct FakeRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::int64_t timestamp_ms = 0;
  bool operator==(const FakeRecord&) const = default;
};

/// The log of one partition. A transaction's rows are in it at once, and hidden until its marker
/// is: a read_committed reader stops before the first row of an open transaction, and skips aborted
/// rows and markers. So offsets have gaps, and the last offsets may hold no record.
class FakeLog {
 public:
  /// Returns the offset. `open`: a transaction's, until close().
  std::int64_t append(FakeRecord record, bool open);
  /// Writes the marker of the transaction that owns the open rows at `offsets`.
  void close(const std::vector<std::int64_t>& offsets, bool commit);
  /// DeleteRecords, or retention.
  void delete_before(std::int64_t offset);

  std::int64_t begin() const { return begin_; }
  std::int64_t end() const { return static_cast<std::int64_t>(entries_.size()); }
  /// The last stable offset: where read_committed readers see the log end.
  std::int64_t stable_end() const { return open_.empty() ? end() : *open_.begin(); }

  /// What was written at `offset`, seen or not.
  const FakeRecord& row(std::int64_t offset) const {
    return entries_[static_cast<std::size_t>(offset)].record;
  }
  /// The record that a read_committed reader sees at `offset`, null when none.
  const FakeRecord* visible(std::int64_t offset) const;
  /// The same, also where it was deleted meanwhile.
  const FakeRecord* ever_visible(std::int64_t offset) const;

 private:
  enum class Kind : unsigned char { kRecord, kOpen, kAborted, kMarker };
  struct Entry {
    FakeRecord record;
    Kind kind;
  };
  Entry& at(std::int64_t offset) { return entries_[static_cast<std::size_t>(offset)]; }

  std::int64_t begin_ = 0;
  std::vector<Entry> entries_;   // by offset, deleted ones too
  std::set<std::int64_t> open_;  // offsets of rows whose transaction has no marker yet
};

}  // namespace weir::test
