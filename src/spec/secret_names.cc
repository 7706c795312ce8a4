#include "spec/secret_names.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/nearest.h"

namespace weir {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_name(char c) { return is_word(c) || c == '.' || c == '_' || c == '-'; }

// Of a line's first character that is not blank; a tab counts as deeper than anything.
std::size_t indent_of(std::string_view line) {
  constexpr std::size_t kTab = 1000;
  std::size_t indent = 0;
  for (const char c : line) {
    if (c != ' ' && c != '\t') break;
    indent += c == ' ' ? 1 : kTab;
  }
  return indent;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Where the value behind the first secret key of `line` begins, which stands at `begin` and where
// `names` are not keys of secrets; npos without one.
std::size_t value_behind_key(std::string_view line, std::size_t begin,
                             const std::set<std::uint32_t>& names) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (!is_name(line[at])) continue;
    std::size_t end = at;
    while (end < line.size() && is_name(line[end])) ++end;
    const std::string_view name = line.substr(at, end - at);
    // A key in quotes begins with them.
    const bool quoted = at > 0 && (line[at - 1] == '"' || line[at - 1] == '\'');
    const bool shown = names.contains(static_cast<std::uint32_t>(begin + at - (quoted ? 1 : 0)));
    at = end;
    std::size_t colon = end;
    while (colon < line.size() && (line[colon] == '"' || line[colon] == '\'' ||
                                   line[colon] == ' ' || line[colon] == '\t')) {
      ++colon;
    }
    if (colon < line.size() && line[colon] == ':' && !shown && is_secret_name(name)) {
      const std::size_t value = line.find_first_not_of(" \t", colon + 1);
      return value == std::string_view::npos ? line.size() : value;
    }
  }
  return std::string_view::npos;
}

Place place(std::size_t from, std::size_t to) {
  return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)};
}

}  // namespace

bool is_secret_name(std::string_view key) {
  static const std::vector<std::string_view> kWords{"password", "passphrase", "secret", "token"};
  std::string name(key);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name.ends_with("key.pem")) return true;
  std::size_t from = name.size();
  while (from > 0 && is_word(name[from - 1])) --from;
  return !nearest(std::string_view(name).substr(from), kWords).empty();
}

std::vector<Place> without_references(std::string_view text, Place within) {
  std::vector<Place> parts;
  std::size_t from = within.offset;
  const std::size_t end =
      std::min<std::size_t>(std::size_t{within.offset} + within.length, text.size());
  while (from < end) {
    const std::size_t reference = std::min(text.find("${", from), end);
    if (reference > from) parts.push_back(place(from, reference));
    const std::size_t close = text.find('}', reference);
    // One that is not closed may be anything.
    if (reference < end && (close == std::string_view::npos || close >= end)) {
      parts.push_back(place(reference, end));
      break;
    }
    from = reference == end ? end : close + 1;
  }
  return parts;
}

std::vector<Place> secret_places(std::string_view text, const std::set<std::uint32_t>& names) {
  std::vector<Place> places;
  const auto hide = [&](std::size_t from, std::size_t to) {
    for (const Place part : without_references(text, place(from, to))) places.push_back(part);
  };
  // Of the line with the key whose value may go on.
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t key_indent = kNone;
  bool value_began = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t indent = indent_of(line);
    const bool item = !value_began && line.substr(std::min(indent, line.size())).starts_with('-');
    if (key_indent != kNone && !is_blank(line) && indent <= key_indent &&
        !(item && indent == key_indent)) {
      key_indent = kNone;
    }
    if (key_indent != kNone) {
      hide(begin + std::min(line.find_first_not_of(" \t"), line.size()), end);
    } else if (const std::size_t value = value_behind_key(line, begin, names);
               value != std::string_view::npos) {
      hide(begin + value, end);
      key_indent = indent;
      value_began = value < line.size();
    }
    begin = end + 1;
  }
  return places;
}

}  // namespace weir
