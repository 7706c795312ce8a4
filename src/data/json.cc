#include "data/json.h"

// GCC 12 sees dangling pointers in simdjson 3.0.1 where there are none.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#include <simdjson.h>

#include <bit>

#include "data/json_scan.h"

namespace weir {
namespace {

// Walks canonical text: no white space, so a value ends where its brackets close.
const char* skip_value(const char* at, const char* end) {
  if (*at == '"') {
    for (++at; at < end && *at != '"'; ++at) {
      if (*at == '\\') ++at;
    }
    return at + 1;
  }
  if (*at != '{' && *at != '[') {
    while (at < end && *at != ',' && *at != '}' && *at != ']') ++at;
    return at;
  }
  int depth = 0;
  while (at < end) {
    if (*at == '"') {
      at = skip_value(at, end);
      continue;
    }
    if (*at == '{' || *at == '[') ++depth;
    if ((*at == '}' || *at == ']') && --depth == 0) return at + 1;
    ++at;
  }
  return end;
}

// How many bytes at the front need no escape and are ASCII.
std::size_t plain_prefix(std::string_view text) {
  std::size_t at = 0;
#ifdef __SSE2__
  for (; at + json_scan::kStep <= text.size(); at += json_scan::kStep) {
    const json_scan::StringBits bits = json_scan::string_bits(text.data() + at);
    const unsigned others = bits.stops | bits.non_ascii;
    if (others != 0) return at + static_cast<std::size_t>(std::countr_zero(others));
  }
#endif
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
  }
  return at;
}
bool is_plain(std::string_view text) { return plain_prefix(text) == text.size(); }

// Appends valid UTF-8 with the shortest escapes.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::string_view kNamed = "\"\\\b\f\n\r\t";
  constexpr std::string_view kEscapes = "\"\\bfnrt";
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text.substr(from, at - from));
    from = at + 1;
    out += '\\';
    if (const std::size_t named = kNamed.find(text[at]); named != std::string_view::npos) {
      out += kEscapes[named];
    } else {
      out += "u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  out.append(text.substr(from));
}

// The size of the UTF-8 character at the front (RFC 3629, section 4); 0 when it is none.
std::size_t utf8_size(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second =
        tail(1) && (lead != 0xe0 || byte(1) >= 0xa0) && (lead != 0xed || byte(1) < 0xa0);
    return second && tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second =
        tail(1) && (lead != 0xf0 || byte(1) >= 0x90) && (lead != 0xf4 || byte(1) < 0x90);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return (c | 0x20) - 'a' + 10;
}

}  // namespace

std::optional<std::string_view> json_get(std::string_view value, std::string_view key) {
  if (value.size() < 2 || value.front() != '{') return std::nullopt;
  // Compared as it is written, so that only rare keys are escaped.
  std::string escaped;
  if (!is_plain(key)) {
    append_json_string(escaped, key);
    key = std::string_view(escaped).substr(1, escaped.size() - 2);
  }
  const char* const end = value.data() + value.size();
  const char* at = value.data() + 1;
  while (at < end && *at == '"') {
    const char* const key_end = skip_value(at, end);
    const std::string_view name(at + 1, static_cast<std::size_t>(key_end - at) - 2);
    const char* const from = key_end + 1;
    const char* const to = skip_value(from, end);
    if (name == key) return std::string_view(from, static_cast<std::size_t>(to - from));
    at = to + 1;
  }
  return std::nullopt;
}

std::optional<std::string_view> json_get(std::string_view value, std::int64_t index) {
  if (value.size() < 3 || value.front() != '[') return std::nullopt;
  const char* const end = value.data() + value.size();
  if (index < 0) {
    for (const char* at = value.data() + 1; at < end; at = skip_value(at, end) + 1) ++index;
    if (index < 0) return std::nullopt;
  }
  for (const char* at = value.data() + 1; at < end; --index) {
    const char* const to = skip_value(at, end);
    if (index == 0) return std::string_view(at, static_cast<std::size_t>(to - at));
    at = to + 1;
  }
  return std::nullopt;
}

JsonElements::JsonElements(std::string_view value) {
  if (value.size() > 2 && value.front() == '[') rest_ = value.substr(1);
}

std::optional<std::string_view> JsonElements::next() {
  if (rest_.empty()) return std::nullopt;
  const char* const end = skip_value(rest_.data(), rest_.data() + rest_.size());
  const std::string_view element = rest_.substr(0, static_cast<std::size_t>(end - rest_.data()));
  // Behind it stands a comma, or the bracket that ends the array.
  rest_.remove_prefix(element.size() + 1);
  return element;
}

std::optional<std::string_view> json_as_text(std::string_view value, Arena& arena) {
  if (value.empty() || value == "null") return std::nullopt;
  if (value.front() != '"') return value;
  const std::string_view inner = value.substr(1, value.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return inner;
  // Canonical text escapes only quotes, backslashes and control characters.
  std::string out;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '\\') {
      out += inner[i];
      continue;
    }
    switch (inner[++i]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u':
        out += static_cast<char>(hex_digit(inner[i + 3]) * 16 + hex_digit(inner[i + 4]));
        i += 4;
        break;
      default:
        out += inner[i];
    }
  }
  return arena.copy(out);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const std::size_t plain = plain_prefix(text);
  out.append(text.substr(0, plain));
  if (plain != text.size()) {
    text.remove_prefix(plain);
    while (!text.empty()) {
      const std::size_t valid = is_utf8(text) ? text.size() : utf8_prefix(text);
      append_escaped(out, text.substr(0, valid));
      text.remove_prefix(valid);
      if (text.empty()) break;
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      // What is left of a torn character is one replacement, not one per byte.
      while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0U) == 0x80) {
        text.remove_prefix(1);
      }
    }
  }
  out += '"';
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::size_t utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = utf8_size(text.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

}  // namespace weir
