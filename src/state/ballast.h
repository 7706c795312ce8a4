#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace weir {

/// Enough for the store to open and recover once more: its log of 8 MiB is written out then.
inline constexpr std::uint64_t kBallastBytes = 16ULL << 20U;

/// What a write is for.
enum class WriteFor : unsigned char {
  kInput,   ///< an epoch's record and rows: more of them come as long as there is input
  kUpkeep,  ///< what a start, a stop and `weir offsets` note down: small, and not growing
};
/// What is to be free before a write of `bytes`. Without the ballast as much as it takes is left
/// alone by input, or the next start would read on into it and the one after could not open the
/// store. Pure.
std::uint64_t room_needed(WriteFor why, std::uint64_t bytes, bool ballast_is_there);
/// True when so little is left that the next start needs the ballast's. One large write that does
/// not fit is no reason. Pure.
bool is_time_for_ballast(std::uint64_t room);

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
  bool is_there() const;
  /// Gives its room back. False when it was not there.
  bool free() const;

 private:
  const std::string path_;
};

/// What is free for this user on the disk of `path`; none when nobody says.
std::optional<std::uint64_t> free_bytes(const std::string& path);

}  // namespace weir
