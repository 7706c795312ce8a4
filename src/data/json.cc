#include "data/json.h"

// GCC 12 sees dangling pointers in simdjson 3.0.1 where there are none.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "data/numeric.h"
#include "data/record.h"

namespace weir {
namespace {

// PostgreSQL refuses deeper documents by its stack limit; ours is explicit.
constexpr int kDepthMax = 256;

struct Member {
  std::string key;    // unescaped
  std::string value;  // canonical
};

Result<> append_canonical(simdjson::dom::element element, std::string& out, int depth);

Error bad_json(std::string_view why) {
  return {Action::kSkipRecord, "not JSON: " + std::string(why)};
}

// Numbers print as numeric does; the token's digits are kept where numeric can hold them.
void append_number(simdjson::dom::element element, std::string& out) {
  switch (element.type()) {
    case simdjson::dom::element_type::INT64:
      out += std::to_string(element.get_int64().value());
      return;
    case simdjson::dom::element_type::UINT64:
      out += std::to_string(element.get_uint64().value());
      return;
    default:
      break;
  }
  const double value = element.get_double().value();
  char buffer[512];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  out.append(buffer, error == std::errc{} ? end : buffer);
}

Result<> append_object(simdjson::dom::object object, std::string& out, int depth) {
  std::vector<Member> members;
  for (const auto field : object) {
    Member member{.key = std::string(field.key), .value = {}};
    WEIR_TRY(append_canonical(field.value, member.value, depth + 1));
    members.push_back(std::move(member));
  }
  // Of equal keys the last given wins: a stable sort keeps their order.
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return std::pair(a.key.size(), std::string_view(a.key)) <
           std::pair(b.key.size(), std::string_view(b.key));
  });
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i + 1 < members.size() && members[i + 1].key == members[i].key) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, members[i].key);
    out += ':';
    out += members[i].value;
  }
  out += '}';
  return {};
}

Result<> append_canonical(simdjson::dom::element element, std::string& out, int depth) {
  if (depth > kDepthMax) return bad_json("nested deeper than 256 levels");
  switch (element.type()) {
    case simdjson::dom::element_type::ARRAY: {
      out += '[';
      bool first = true;
      const simdjson::dom::array array = element.get_array().value();
      for (const simdjson::dom::element item : array) {
        if (!first) out += ',';
        first = false;
        WEIR_TRY(append_canonical(item, out, depth + 1));
      }
      out += ']';
      return {};
    }
    case simdjson::dom::element_type::OBJECT:
      return append_object(element.get_object().value(), out, depth);
    case simdjson::dom::element_type::STRING:
      append_json_string(out, element.get_string().value());
      return {};
    case simdjson::dom::element_type::BOOL:
      out += element.get_bool().value() ? "true" : "false";
      return {};
    case simdjson::dom::element_type::NULL_VALUE:
      out += "null";
      return {};
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
    case simdjson::dom::element_type::DOUBLE:
      append_number(element, out);
      return {};
  }
  return {};
}

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

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return (c | 0x20) - 'a' + 10;
}

}  // namespace

Result<std::string_view> canonical_json(std::string_view text, Arena& arena) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element element;
  const simdjson::error_code error =
      parser.parse(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), false)
          .get(element);
  if (error != simdjson::SUCCESS) return bad_json(simdjson::error_message(error));
  std::string out;
  WEIR_TRY(append_canonical(element, out, 0));
  return arena.copy(out, kValuePadding);
}

std::optional<std::string_view> json_get(std::string_view value, std::string_view key) {
  if (value.size() < 2 || value.front() != '{') return std::nullopt;
  std::string quoted;
  append_json_string(quoted, key);
  const char* const end = value.data() + value.size();
  const char* at = value.data() + 1;
  while (at < end && *at == '"') {
    const char* const key_end = skip_value(at, end);
    const std::string_view name(at, static_cast<std::size_t>(key_end - at));
    const char* const from = key_end + 1;
    const char* const to = skip_value(from, end);
    if (name == quoted) return std::string_view(from, static_cast<std::size_t>(to - from));
    at = to + 1;
  }
  return std::nullopt;
}

std::optional<std::string_view> json_get(std::string_view value, std::int64_t index) {
  if (value.size() < 3 || value.front() != '[') return std::nullopt;
  const char* const end = value.data() + value.size();
  std::vector<std::string_view> items;
  for (const char* at = value.data() + 1; at < end;) {
    const char* const to = skip_value(at, end);
    items.emplace_back(at, static_cast<std::size_t>(to - at));
    if (index >= 0 && static_cast<std::int64_t>(items.size()) > index) return items.back();
    at = to + 1;
  }
  const std::int64_t from_front =
      index < 0 ? index + static_cast<std::int64_t>(items.size()) : index;
  if (from_front < 0 || from_front >= static_cast<std::int64_t>(items.size())) return std::nullopt;
  return items[static_cast<std::size_t>(from_front)];
}

std::optional<std::string_view> json_as_text(std::string_view value, Arena& arena) {
  if (value == "null") return std::nullopt;
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
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\' &&
           static_cast<unsigned char>(c) < 0x80;
  };
  out += '"';
  if (std::all_of(text.begin(), text.end(), plain)) {
    out.append(text);
    out += '"';
    return;
  }
  const bool valid = is_utf8(text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20) {
          constexpr std::string_view kDigits = "0123456789abcdef";
          out += "\\u00";
          out += kDigits[byte >> 4U];
          out += kDigits[byte & 15U];
        } else if (byte >= 0x80 && !valid) {
          out += "\xef\xbf\xbd";
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace weir
