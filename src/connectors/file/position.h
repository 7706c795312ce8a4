#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "flow/lane_record.h"

namespace weir::file {

/// As an end: all of the file that is there when a job starts. It is stored as such, so every start
/// reads what was appended since the one before.
constexpr std::int64_t kWhole = std::numeric_limits<std::int64_t>::max();

/// What a Position in a file holds; offsets are those of the text, also where it is stored
/// compressed. Bytes, version 1: u8 1 | i64 next | i64 line | u32 tail_bytes | u64 tail_fp |
/// u8 flags (1 open_row, 2 finished) | i64 disk_bytes, little-endian (base/bytes.h).
struct FilePosition {
  std::int64_t next = 0;         ///< the first byte that was not consumed
  std::int64_t line = 1;         ///< the line on which it stands, from 1; 0 unknown, after a seek
  std::uint32_t tail_bytes = 0;  ///< how many bytes before `next` the fingerprint covers
  std::uint64_t tail_fp = 0;     ///< XXH3-64 of them: the last rows consumed, at most 4 KiB
  bool open_row = false;         ///< the last row had no newline when it was read
  bool finished = false;         ///< all that was there at the start was read
  std::int64_t disk_bytes = 0;   ///< of a finished compressed file: its size as stored
  bool operator==(const FilePosition&) const = default;
};

Position encode_position(const FilePosition& position);
/// Nothing for bytes that encode_position did not make.
std::optional<FilePosition> decode_position(const Position& position);

/// Makes the fingerprint cover the end of `consumed`, which ends at `position.next`.
void set_tail(FilePosition& position, std::string_view consumed);

}  // namespace weir::file
