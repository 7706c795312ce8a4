#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "state/marker_store.h"

namespace weir {

/// MARKER on disk, format 1:
///   u32 crc32c | u8 format | str name | str surroundings
std::string encode_marker(const MarkerRecord& marker);
/// Errors: kHalt corrupt_store; kStopJob when a newer weir wrote it.
Result<MarkerRecord> decode_marker(std::string_view bytes);

}  // namespace weir
