#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Sixteen bytes in the order in which they are written; that is their order, too.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
};

/// Reads 32 hex digits of any case, with a hyphen or none behind each four, in braces or not, as
/// PostgreSQL does. Nothing when malformed.
std::optional<Uuid> parse_uuid(std::string_view text);
/// Writes a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11.
void append_uuid(std::string& out, const Uuid& uuid);

}  // namespace weir
