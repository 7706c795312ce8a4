#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "flow/epoch_store.h"
#include "state/marker_store.h"

namespace weir {

/// The EpochStore in a RocksDB database of its own below the job's directory: column family
/// `default` holds LANE, MARKER and the followers' cursors, `epochs` the D records, `outbox` the
/// rows that followers have not acknowledged, one value per follower and epoch (epoch_codec.h).
///
/// Beside it stand the ballast (ballast.h), which goes when a write finds no room, and the mark
/// (store_mark.h), by which a start finds that a log or table of it has gone.
///
/// `memory_bytes` bounds what is kept of it in memory; less than 1 MiB counts as 1 MiB.
///
/// Errors: kStopJob when the directory cannot be made or written; kHalt corrupt_store when RocksDB
/// finds damage.
Result<std::unique_ptr<EpochStore>> open_rocksdb_store(const std::string& directory,
                                                       std::uint64_t memory_bytes = 48ULL * 1024 *
                                                                                    1024);

/// Both stores of one database; it closes with the last of them.
struct JobStores {
  std::unique_ptr<EpochStore> lane;
  std::shared_ptr<MarkerStore> marker;
};
/// As open_rocksdb_store().
Result<JobStores> open_job_stores(const std::string& directory, std::uint64_t memory_bytes);

/// What the store below `directory` holds, without writing anything there, not even RocksDB's own
/// files; empty when there is none. Precondition: no other process writes to it meanwhile.
/// Errors: as above.
Result<StoreContents> read_rocksdb_store(const std::string& directory);

}  // namespace weir
