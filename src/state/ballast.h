#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace weir {

/// Enough for the store to open and recover once more: its log of 8 MiB is written out then.
inline constexpr std::uint64_t kBallastBytes = 16ULL << 20U;

/// A file beside a job's store that takes room which nobody needs, until the disk is full: then it
/// goes, so that the job can end, the next start recover and `weir offsets` work, whoever filled
/// the disk. The next start with room makes it again.
///
/// Owned by the store. Thread: any; locks nothing.
class Ballast {
 public:
  /// `store` is the directory of the store that it stands beside.
  explicit Ballast(const std::string& store);

  /// Makes the file when it is not there, and as much room as it takes is left beside it. Errors:
  /// kRetry, for a line of the log: the store works without it.
  Result<> keep() const;
  /// Gives its room back. False when it was not there.
  bool free() const;

 private:
  const std::string path_;
};

/// What is free for this user on the disk of `path`; none when nobody says.
std::optional<std::uint64_t> free_bytes(const std::string& path);

}  // namespace weir
