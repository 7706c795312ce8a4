#pragma once

#include <algorithm>
#include <cstdint>

namespace weir {

/// How a job's `limits.memory` is shared out. What does not depend on it (the program, its threads,
/// a batch per worker) is about 25 MiB more. Keyed state has the rest, when a job has any.
struct MemoryShares {
  std::uint64_t fetch_bytes = 0;  ///< records fetched and not yet taken, of all partitions
  std::uint64_t rows_bytes = 0;   ///< the open epoch's rows, which wait in the producer's queue
  std::uint64_t store_bytes = 0;  ///< RocksDB
  /// The rows that one record becomes, which no commit can come between. Not beside the others: it
  /// bounds what is rarely there at all.
  std::uint64_t record_rows_bytes = 0;
};

/// The shares of `limit_bytes`: 35, 15 and 10 % (performance.md), 25 % for the rows of a record,
/// and at least 1 MiB each.
constexpr MemoryShares share_memory(std::uint64_t limit_bytes) {
  const auto share = [limit_bytes](std::uint64_t percent) {
    // In this order, so that no limit overflows.
    return std::max<std::uint64_t>(limit_bytes / 100 * percent, 1U << 20U);
  };
  return {.fetch_bytes = share(35),
          .rows_bytes = share(15),
          .store_bytes = share(10),
          .record_rows_bytes = share(25)};
}

}  // namespace weir
