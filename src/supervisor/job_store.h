#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "supervisor/job_record.h"

namespace weir {

/// What the daemon keeps of its jobs, one small file for each: `<directory>/<job>`, replaced as a
/// whole and synced. No RocksDB, as jobs have: a record is written a few times in a job's life, and
/// the daemon must outlive a disk that is full, which a RocksDB handle does not.
///
/// Owned by the daemon, which holds the lock of the directory above. Thread: the daemon's loop.
class JobStore {
 public:
  /// Makes the directory (0700). Errors: kStopJob when it cannot be made or read.
  static Result<std::unique_ptr<JobStore>> open(const std::string& directory);

  /// By name. A record that is damaged, or that a newer weir wrote, is left out with a warning in
  /// the log, and put aside as `<job>.damaged`: the job starts as a new one does, from its own
  /// checkpoint.
  std::map<std::string, JobRecord> read_all();

  /// Errors: kRetry; then what was kept before still is.
  Result<> put(const std::string& job, const JobRecord& record);
  Result<> remove(const std::string& job);

 private:
  explicit JobStore(std::string directory) : directory_(std::move(directory)) {}
  const std::string directory_;
};

/// The record as it is on disk:
///
///   u32 crc32c of all that follows | u8 format = 1 | u8 desired_running | u8 rest | str why
///   | str last_exit | u32 streak | u32 count { i64 microseconds since 1970 }
///   | u8 0, or u8 1 i64 pid u64 started str boot | str file | str text
std::string encode_job_record(const JobRecord& record);
Result<JobRecord> decode_job_record(std::string_view bytes);

}  // namespace weir
