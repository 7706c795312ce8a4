#include "api/json_text.h"

#include <fmt/format.h>

#include <cmath>

namespace weir {
namespace {

// The length of the UTF-8 character at the front of `text`; 0 when there is none.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xc2 ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  // Too long a form, a surrogate, or beyond Unicode.
  if (size == 3 && first == 0xe0 && byte(1) < 0xa0) return 0;
  if (size == 3 && first == 0xed && byte(1) > 0x9f) return 0;
  if (size == 4 && first == 0xf0 && byte(1) < 0x90) return 0;
  if (size == 4 && first == 0xf4 && byte(1) > 0x8f) return 0;
  return size;
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const char c = text[0];
    if (size == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out + "\"";
}

JsonWriter& JsonWriter::key(std::string_view name) {
  if (comma_) out_ += ',';
  out_ += json_quoted(name) + ":";
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::decimal(double value) {
  if (!std::isfinite(value)) return null();
  std::string digits = fmt::format("{:.3f}", value);
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.ends_with('.')) digits.pop_back();
  return raw(digits);
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  if (comma_) out_ += ',';
  out_ += json;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
  if (comma_) out_ += ',';
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

}  // namespace weir
