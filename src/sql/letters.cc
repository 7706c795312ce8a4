#include <algorithm>
#include <cctype>

#include "sql/kernel.h"

namespace weir {
namespace {

// The bytes of the character at the front; 0 of an empty text.
std::size_t first_size(Text text) { return byte_of_character(text, 1); }

Text reversed(Arena& arena, Text text) {
  const std::span<char> made = arena.array<char>(text.size());
  std::size_t end = text.size();
  while (!text.empty()) {
    const std::size_t size = first_size(text);
    end -= size;
    std::copy_n(text.begin(), size, made.begin() + static_cast<std::ptrdiff_t>(end));
    text.remove_prefix(size);
  }
  return {made.data(), made.size()};
}

Failure repeated(Arena& arena, Text text, std::int32_t count, Text& out) {
  const std::size_t times = count > 0 ? static_cast<std::size_t>(count) : 0;
  if (!text.empty() && times > kTextBytesMax / text.size()) return kTextTooLong;
  const std::span<char> made = arena.array<char>(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) {
    std::copy(text.begin(), text.end(),
              made.begin() + static_cast<std::ptrdiff_t>(i * text.size()));
  }
  out = {made.data(), made.size()};
  return kDone;
}

// The first letter of each word large, the others small; letters of ASCII only.
Text capitalised(Arena& arena, Text text) {
  const std::span<char> made = arena.array<char>(text.size());
  bool within = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool ascii = c < 0x80;
    const int changed = within ? std::tolower(c) : std::toupper(c);
    made[i] = ascii ? static_cast<char>(changed) : text[i];
    within = ascii && std::isalnum(c) != 0;
  }
  return {made.data(), made.size()};
}

// Each character of `from` becomes the one at its place in `to`, or goes.
Failure translated(Arena& arena, Text text, Text from, Text to, Text& out) {
  std::string made;
  while (!text.empty()) {
    const std::size_t size = first_size(text);
    const Text character = text.substr(0, size);
    text.remove_prefix(size);
    std::int64_t place = 0;
    std::size_t at = 0;
    for (; at < from.size(); at += first_size(from.substr(at)), ++place) {
      if (from.substr(at, first_size(from.substr(at))) == character) break;
    }
    if (at >= from.size()) {
      made += character;
    } else if (const std::size_t begin = byte_of_character(to, place); begin < to.size()) {
      made += to.substr(begin, first_size(to.substr(begin)));
    }
  }
  if (made.size() > kTextBytesMax) return kTextTooLong;
  out = arena.copy(made);
  return kDone;
}

std::int32_t code_point(Text text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const std::size_t size = first_size(text);
  constexpr unsigned kLead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  unsigned code = byte(0) & kLead[std::min<std::size_t>(size, 4)];
  for (std::size_t i = 1; i < size; ++i) code = code << 6U | (byte(i) & 0x3fU);
  return static_cast<std::int32_t>(code);
}

Failure character_of(Arena& arena, std::int32_t value, Text& out) {
  if (value == 0) return "null character not permitted";
  const auto code = static_cast<unsigned>(value);
  if (value < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    return "requested character not valid for encoding";
  }
  std::string made;
  const auto tail = [&](unsigned shift) {
    made += static_cast<char>(0x80U | (code >> shift & 0x3fU));
  };
  if (code < 0x80) {
    made += static_cast<char>(code);
  } else if (code < 0x800) {
    made += static_cast<char>(0xc0U | code >> 6U);
    tail(0);
  } else if (code < 0x10000) {
    made += static_cast<char>(0xe0U | code >> 12U);
    tail(6);
    tail(0);
  } else {
    made += static_cast<char>(0xf0U | code >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
  out = arena.copy(made);
  return kDone;
}

}  // namespace

void add_letters(FunctionTable& table) {
  table.add("reverse", {kT}, kT, strict<Text, Text>([](Arena& arena, Text a, Text& out) {
              out = reversed(arena, a);
              return kDone;
            }));
  table.add(
      "repeat", {kT, kI}, kT,
      strict<Text, Text, std::int32_t>([](Arena& arena, Text a, std::int32_t count, Text& out) {
        return repeated(arena, a, count, out);
      }));
  table.add("initcap", {kT}, kT, strict<Text, Text>([](Arena& arena, Text a, Text& out) {
              out = capitalised(arena, a);
              return kDone;
            }));
  table.add("translate", {kT, kT, kT}, kT,
            strict<Text, Text, Text, Text>([](Arena& arena, Text a, Text from, Text to, Text& out) {
              return translated(arena, a, from, to, out);
            }));
  table.add("ascii", {kT}, kI, strict<std::int32_t, Text>([](Arena&, Text a, std::int32_t& out) {
              out = code_point(a);
              return kDone;
            }));
  table.add("chr", {kI}, kT,
            strict<Text, std::int32_t>([](Arena& arena, std::int32_t code, Text& out) {
              return character_of(arena, code, out);
            }));
}

}  // namespace weir
