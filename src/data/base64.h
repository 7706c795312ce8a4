#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// RFC 4648's base64, with padding and without line breaks.
void append_base64(std::string& out, std::string_view bytes);
/// White space anywhere is left out; nothing when something else is no base64.
std::optional<std::string> parse_base64(std::string_view text);

/// Two lower-case digits a byte.
void append_hex(std::string& out, std::string_view bytes);
/// Digits of any case, white space between bytes is left out; nothing when malformed.
std::optional<std::string> parse_hex(std::string_view text);

}  // namespace weir
