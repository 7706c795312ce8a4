#include "data/uuid.h"

namespace weir {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.starts_with('{')) {
    if (!text.ends_with('}')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
  }
  Uuid uuid;
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i > 0 && i % 2 == 0 && at < text.size() && text[at] == '-') ++at;
    if (at + 2 > text.size()) return std::nullopt;
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    uuid.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return at == text.size() ? std::optional(uuid) : std::nullopt;
}

void append_uuid(std::string& out, const Uuid& uuid) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kDigits[uuid.bytes[i] >> 4U];
    out += kDigits[uuid.bytes[i] & 15U];
  }
}

}  // namespace weir
