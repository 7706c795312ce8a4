#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace weir {

/// How far a store is: the number of its last write, and of the log that it writes to.
struct StorePlace {
  std::uint64_t sequence = 0;
  std::uint64_t log = 0;
};

/// A small file beside a job's store that says which write the store has certainly kept: RocksDB
/// opens what is left when one of its logs was deleted, or its MANIFEST cut short, as an older
/// state, without a word.
///
/// Owned by the store. Thread: any; locks nothing.
class StoreMark {
 public:
  /// `store` is the directory of the store that it stands beside.
  explicit StoreMark(const std::string& store);

  /// Where the store was, with all of that durable; none when there is no mark. Errors: kHalt
  /// corrupt_store.
  Result<std::optional<StorePlace>> read() const;
  /// Notes it, with sync. Errors: kRetry, for a line of the log: an older mark holds still.
  Result<> write(const StorePlace& place) const;

  /// Before the store is opened: the log of the mark, or a later one, is there. A mark whose store
  /// is gone goes as well, and says nothing of the next one. Errors: kHalt corrupt_store.
  Result<> check_files() const;
  /// Behind that: the store's last write is not before the mark. Errors: as above.
  Result<> check(std::uint64_t sequence) const;

 private:
  const std::string store_;
  const std::string path_;
};

}  // namespace weir
