#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/lane_record.h"

namespace weir {

/// LANE on disk, format 3. All numbers little-endian; str is u32 length and bytes; opt is u8 0 or
/// 1 and, with 1, the value.
///
///   u32 crc32c of all that follows | u8 format = 3
///   str instance | str job | str lane | u64 owner | u64 owner_next | i64 epoch | u64 attempt
///   opt u64 digest | u8 light | u8 clean_stop | u64 plan
///   u8 decider kind | str cluster_id | str cluster_name | str brokers | str epoch_topic
///   | str transactional_id
///   u32 count { str source | str cluster_id | u32 count { str split | str end } }
///   u32 count { str source | str split | str position | opt i64 watermark | u8 idle }
///   opt i64 watermark | i64 clock             (microseconds since 1970)
///   u32 count { str source | str split | u32 count { str position } }     (skips)
///   u32 count { str source | str end }        (of the sources above that have one)
///
/// Format 1 ends before the skips and format 2 before the last line; both still read, as records
/// without them.
std::string encode_lane(const LaneRecord& lane);

/// Errors: kHalt corrupt_store for a wrong checksum or grammar; kStopJob for a format that a newer
/// weir wrote.
Result<LaneRecord> decode_lane(std::string_view bytes);

}  // namespace weir
