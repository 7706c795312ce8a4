#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// XXH3-64 with seed 0 (https://github.com/Cyan4973/xxHash): stable across machines and versions,
/// so it may reach disk and wire.
std::uint64_t hash64(std::string_view bytes);

/// 16 lower-case hex digits.
std::string to_hex16(std::uint64_t value);
/// Reads exactly 16 lower-case hex digits; nothing otherwise.
std::optional<std::uint64_t> parse_hex16(std::string_view text);

/// CRC32-C (Castagnoli), as RocksDB and Kafka use it; guards our own records.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace weir
