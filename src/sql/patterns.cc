#include "sql/kernel.h"

namespace weir {
namespace {

// LIKE with `%`, `_` and backslash, over bytes; `_` takes a whole character.
Failure like(Text text, Text pattern, std::uint8_t& matches) {
  matches = 0;
  std::size_t t = 0, p = 0, star_p = Text::npos, star_t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star_p = p++;
      star_t = t;
    } else if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t += byte_of_character(text.substr(t), 1);
    } else if (p + 1 == pattern.size() && pattern[p] == '\\') {
      return "LIKE pattern must not end with escape character";
    } else if (p < pattern.size() && pattern[p] == '\\' && pattern[p + 1] == text[t]) {
      p += 2;
      ++t;
    } else if (p < pattern.size() && pattern[p] != '\\' && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star_p != Text::npos) {
      p = star_p + 1;
      star_t += byte_of_character(text.substr(star_t), 1);
      t = star_t;
    } else {
      return kDone;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  matches = p == pattern.size() ? 1 : 0;
  return kDone;
}

// A pattern with another escape character, as one with a backslash; an empty one escapes nothing.
Failure like_escape(Arena& arena, Text pattern, Text escape, Text& out) {
  if (character_count(escape) > 1) return "invalid escape string";
  std::string made;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t size = byte_of_character(pattern.substr(at), 1);
    const Text character = pattern.substr(at, size);
    at += size;
    if (!escape.empty() && character == escape) {
      made += '\\';
      // What is escaped is copied as it is, the escape character itself included.
      const std::size_t next = byte_of_character(pattern.substr(at), 1);
      made += pattern.substr(at, next);
      at += next;
    } else {
      if (character == "\\") made += '\\';
      made += character;
    }
  }
  out = arena.copy(made);
  return kDone;
}

}  // namespace

void add_patterns(FunctionTable& table) {
  table.add("~~", {kT, kT}, kB,
            strict<std::uint8_t, Text, Text>(
                [](Arena&, Text a, Text b, std::uint8_t& out) { return like(a, b, out); }));
  table.add("~~*", {kT, kT}, kB,
            strict<std::uint8_t, Text, Text>([](Arena& arena, Text a, Text b, std::uint8_t& out) {
              return like(lower_case(arena, a), lower_case(arena, b), out);
            }));
  table.add("like_escape", {kT, kT}, kT,
            strict<Text, Text, Text>([](Arena& arena, Text pattern, Text escape, Text& out) {
              return like_escape(arena, pattern, escape, out);
            }));
}

}  // namespace weir
