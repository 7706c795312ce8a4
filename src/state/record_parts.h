#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "flow/lane_record.h"

namespace weir {

// Parts that LANE and D records share. `opt` is u8 0 or 1 and, with 1, the value.

/// opt i64, microseconds since 1970.
void put_time(ByteWriter& out, const std::optional<WallTime>& time);
std::optional<WallTime> get_time(ByteReader& in);

/// u32 count { str source | str split | str position | opt i64 watermark | u8 idle }
void put_splits(ByteWriter& out, const SplitProgressMap& splits);
SplitProgressMap get_splits(ByteReader& in);

/// u32 crc32c of all that follows | the record
std::string with_checksum(const std::string& record);
/// The record behind its checksum; none when it fails.
std::optional<std::string_view> checked(std::string_view bytes);

}  // namespace weir
