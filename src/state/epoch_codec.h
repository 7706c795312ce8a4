#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/epoch_record.h"

namespace weir {

/// D/<N> on disk, format 1. All numbers little-endian; str is u32 length and bytes; opt is u8 0 or
/// 1 and, with 1, the value; splits as in record_parts.h.
///
///   u32 crc32c of all that follows | u8 format = 1
///   i64 epoch | u64 attempt
///   u32 count { str source | str split | str first | str next | u64 records }
///   splits | opt i64 watermark | i64 clock      (microseconds since 1970)
///   str state_delta
///   u32 count { str follower | i64 delivered epoch }
///   u64 digest
///
/// The digest is XXH3-64 over everything between the checksum and the digest, followed by the rows
/// of the outbox, each as { str follower | str bytes }. Sets record.digest.
std::string encode_epoch(EpochRecord& record, const std::vector<OutboxRow>& rows);

/// Errors: kHalt corrupt_store for a wrong checksum or grammar; kStopJob for a format that a newer
/// weir wrote. `name` is the record's, such as "D/8".
Result<EpochRecord> decode_epoch(std::string_view bytes, std::string_view name);

/// The rows of one follower in one epoch: u32 crc32c | u8 format = 1 | u32 count { str bytes }.
std::string encode_outbox(const std::vector<std::string_view>& rows);
Result<std::vector<std::string>> decode_outbox(std::string_view bytes, std::string_view name);

}  // namespace weir
