#include "data/base64.h"

#include <array>
#include <cstdint>

namespace weir {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBlanks = " \t\n\r";

constexpr std::array<std::int8_t, 256> kValues = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    out += kDigits[group >> 18U];
    out += kDigits[group >> 12U & 63U];
    out += left > 1 ? kDigits[group >> 6U & 63U] : '=';
    out += left > 2 ? kDigits[group & 63U] : '=';
  }
}

std::optional<std::string> parse_base64(std::string_view text) {
  std::string out;
  unsigned group = 0;
  unsigned count = 0;    // digits of the group, padding too
  unsigned padding = 0;  // nothing may follow a padded group
  for (const char c : text) {
    if (kBlanks.find(c) != std::string_view::npos) continue;
    const int value = kValues[static_cast<unsigned char>(c)];
    if (c == '=' ? count < 2 : value < 0 || padding > 0) return std::nullopt;
    if (c == '=') ++padding;
    group = group << 6U | (c == '=' ? 0U : static_cast<unsigned>(value));
    if (++count < 4) continue;
    for (unsigned k = 0; k < 3 - padding; ++k) {
      out += static_cast<char>(group >> (16U - 8U * k) & 0xffU);
    }
    group = count = 0;
  }
  return count == 0 && padding <= 2 ? std::optional(out) : std::nullopt;
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4U];
    out += kHex[static_cast<unsigned char>(c) & 15U];
  }
}

std::optional<std::string> parse_hex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kBlanks.find(text[i]) != std::string_view::npos) continue;
    const int high = hex_value(text[i]);
    const int low = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    ++i;
  }
  return out;
}

}  // namespace weir
