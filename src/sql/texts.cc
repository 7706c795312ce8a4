#include <algorithm>
#include <cctype>

#include "base/hash.h"
#include "sql/kernel.h"

namespace weir {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }

Text mapped(Arena& arena, Text text, int (*map)(int)) {
  const std::span<char> copy = arena.array<char>(text.size());
  std::transform(text.begin(), text.end(), copy.begin(), [map](char c) {
    return static_cast<unsigned char>(c) < 0x80 ? static_cast<char>(map(c)) : c;
  });
  return {copy.data(), copy.size()};
}

Text joined(Arena& arena, Text a, Text b) {
  const std::span<char> bytes = arena.array<char>(a.size() + b.size());
  std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), bytes.begin()));
  return {bytes.data(), bytes.size()};
}

// Characters [from, from + count) of the text, numbered from 1, as far as it has them.
Text substring(Text text, std::int64_t from, std::int64_t count) {
  const std::int64_t first = std::max<std::int64_t>(from, 1);
  const std::int64_t last = from + count;
  if (last <= first) return {};
  const std::size_t begin = byte_of_character(text, first - 1);
  return text.substr(begin, byte_of_character(text.substr(begin), last - first));
}

// A negative count leaves that many out, at the other end.
std::int64_t kept(Text text, std::int32_t count) {
  if (count >= 0) return count;
  return std::max<std::int64_t>(static_cast<std::int64_t>(character_count(text)) + count, 0);
}
Text left(Text text, std::int32_t count) {
  return text.substr(0, byte_of_character(text, kept(text, count)));
}
Text right(Text text, std::int32_t count) {
  const auto all = static_cast<std::int64_t>(character_count(text));
  return text.substr(byte_of_character(text, all - kept(text, count)));
}

enum class Ends : unsigned char { kLeft, kRight, kBoth };

Text trimmed(Text text, Text set, Ends ends) {
  const auto in_set = [set](Text character) { return set.find(character) != Text::npos; };
  while (ends != Ends::kRight && !text.empty()) {
    const std::size_t size = byte_of_character(text, 1);
    if (!in_set(text.substr(0, size))) break;
    text.remove_prefix(size);
  }
  while (ends != Ends::kLeft && !text.empty()) {
    std::size_t at = text.size() - 1;
    while (at > 0 && !begins_character(text[at])) --at;
    if (!in_set(text.substr(at))) break;
    text = text.substr(0, at);
  }
  return text;
}

// To `length` characters: filled at one end, or cut at the right.
Failure padded(Arena& arena, Text text, std::int32_t length, Text fill, Ends end, Text& out) {
  const auto have = static_cast<std::int64_t>(character_count(text));
  const std::int64_t missing = length - have;
  if (missing <= 0 || fill.empty()) {
    out = left(text, std::max(length, 0));
    return kDone;
  }
  if (static_cast<std::size_t>(missing) * 4 + text.size() > kTextBytesMax) return kTextTooLong;
  std::string padding;
  const auto fill_characters = static_cast<std::int64_t>(character_count(fill));
  for (std::int64_t i = 0; i < missing / fill_characters; ++i) padding += fill;
  padding += left(fill, static_cast<std::int32_t>(missing % fill_characters));
  out = end == Ends::kLeft ? joined(arena, padding, text) : joined(arena, text, padding);
  return kDone;
}

Failure replaced(Arena& arena, Text text, Text from, Text to, Text& out) {
  out = text;
  if (from.empty() || text.find(from) == Text::npos) return kDone;
  std::string made;
  std::size_t at = 0;
  for (std::size_t found = text.find(from); found != Text::npos; found = text.find(from, at)) {
    made.append(text, at, found - at).append(to);
    at = found + from.size();
    if (made.size() > kTextBytesMax) return kTextTooLong;
  }
  out = arena.copy(made.append(text, at));
  return kDone;
}

Failure split_part(Text text, Text delimiter, std::int32_t number, Text& out) {
  out = {};
  if (number == 0) return "field position must not be zero";
  if (text.empty()) return kDone;
  std::vector<Text> parts;
  std::size_t at = 0;
  while (!delimiter.empty()) {
    const std::size_t found = text.find(delimiter, at);
    if (found == Text::npos) break;
    parts.push_back(text.substr(at, found - at));
    at = found + delimiter.size();
  }
  parts.push_back(text.substr(at));
  const auto count = static_cast<std::int64_t>(parts.size());
  const std::int64_t index = number > 0 ? number - 1 : count + number;
  if (index >= 0 && index < count) out = parts[static_cast<std::size_t>(index)];
  return kDone;
}

// NULLs are left out; `concat_ws` puts its first argument between the others.
void concat(KernelCall& call, bool separated) {
  for (const RowIndex row : call.rows) {
    if (separated && call.args[0].is_null(row)) {
      call.out.set_null(row);
      continue;
    }
    std::string made;
    bool any = false;
    for (std::size_t i = separated ? 1 : 0; i < call.args.size(); ++i) {
      if (call.args[i].is_null(row)) continue;
      if (separated && any) made += call.args[0].values<Text>()[row];
      made += call.args[i].values<Text>()[row];
      any = true;
      if (made.size() > kTextBytesMax) break;
    }
    if (made.size() > kTextBytesMax) {
      call.fail(row, kTextTooLong);
    } else {
      call.out.values<Text>()[row] = call.arena.copy(made);
    }
  }
}

void parts(FunctionTable& table) {
  for (const char* name : {"substr", "substring"}) {
    table.add(name, {kT, kI}, kT,
              strict<Text, Text, std::int32_t>([](Arena&, Text a, std::int32_t from, Text& out) {
                out = substring(a, from, std::int64_t{1} << 40);
                return kDone;
              }));
    table.add(name, {kT, kI, kI}, kT,
              strict<Text, Text, std::int32_t, std::int32_t>(
                  [](Arena&, Text a, std::int32_t from, std::int32_t count, Text& out) -> Failure {
                    if (count < 0) return "negative substring length not allowed";
                    out = substring(a, from, count);
                    return kDone;
                  }));
  }
  const auto side = [&](const char* name, Text (*f)(Text, std::int32_t)) {
    table.add(name, {kT, kI}, kT,
              strict<Text, Text, std::int32_t>([f](Arena&, Text a, std::int32_t count, Text& out) {
                out = f(a, count);
                return kDone;
              }));
  };
  side("left", &left);
  side("right", &right);
  table.add("split_part", {kT, kT, kI}, kT,
            strict<Text, Text, Text, std::int32_t>(
                [](Arena&, Text a, Text delimiter, std::int32_t number, Text& out) {
                  return split_part(a, delimiter, number, out);
                }));
  const auto trim = [&](const char* name, Ends ends) {
    table.add(name, {kT}, kT, strict<Text, Text>([ends](Arena&, Text a, Text& out) {
                out = trimmed(a, " ", ends);
                return kDone;
              }));
    table.add(name, {kT, kT}, kT,
              strict<Text, Text, Text>([ends](Arena&, Text a, Text set, Text& out) {
                out = trimmed(a, set, ends);
                return kDone;
              }));
  };
  trim("btrim", Ends::kBoth);
  trim("ltrim", Ends::kLeft);
  trim("rtrim", Ends::kRight);
}

void made(FunctionTable& table) {
  const auto join =
      strict<Text, Text, Text>([](Arena& arena, Text a, Text b, Text& out) -> Failure {
        if (a.size() + b.size() > kTextBytesMax) return kTextTooLong;
        out = joined(arena, a, b);
        return kDone;
      });
  table.add("||", {kT, kT}, kT, join);
  table.add("||", {kY, kY}, kY, join);
  table.add_variadic("concat", kT, [](KernelCall& call) { concat(call, false); });
  table.add_variadic("concat_ws", kT, [](KernelCall& call) { concat(call, true); });
  const auto one = [&](const char* name, int (*map)(int)) {
    table.add(name, {kT}, kT, strict<Text, Text>([map](Arena& arena, Text a, Text& out) {
                out = mapped(arena, a, map);
                return kDone;
              }));
  };
  one("upper", std::toupper);
  one("lower", std::tolower);
  table.add("replace", {kT, kT, kT}, kT,
            strict<Text, Text, Text, Text>([](Arena& arena, Text a, Text from, Text to, Text& out) {
              return replaced(arena, a, from, to, out);
            }));
  const auto pad = [&](const char* name, Ends end) {
    table.add(name, {kT, kI}, kT,
              strict<Text, Text, std::int32_t>(
                  [end](Arena& arena, Text a, std::int32_t length, Text& out) {
                    return padded(arena, a, length, " ", end, out);
                  }));
    table.add(name, {kT, kI, kT}, kT,
              strict<Text, Text, std::int32_t, Text>(
                  [end](Arena& arena, Text a, std::int32_t length, Text fill, Text& out) {
                    return padded(arena, a, length, fill, end, out);
                  }));
  };
  pad("lpad", Ends::kLeft);
  pad("rpad", Ends::kRight);
}

void measured(FunctionTable& table) {
  const auto count = [&](const char* name, TypeKind kind, std::size_t (*f)(Text)) {
    table.add(name, {kind}, kI, strict<std::int32_t, Text>([f](Arena&, Text a, std::int32_t& out) {
                out = static_cast<std::int32_t>(f(a));
                return kDone;
              }));
  };
  for (const char* name : {"length", "char_length", "character_length"}) {
    count(name, kT, &character_count);
  }
  const auto bytes = [](Text a) { return a.size(); };
  for (const TypeKind kind : {kT, kY}) count("octet_length", kind, bytes);
  count("length", kY, bytes);
  // random(): calls.cc adds what makes it another number in each row and place.
  table.add("random", {kT, kT}, kD,
            strict<double, Text, Text>([](Arena&, Text id, Text call_site, double& out) {
              const std::uint64_t hash = hash64(std::string(id).append(call_site));
              constexpr double kSteps = 9007199254740992.0;  // 2^53, what a double tells apart
              out = static_cast<double>(hash >> 11U) / kSteps;
              return kDone;
            }));
  for (const char* name : {"starts_with", "^@"}) {
    table.add(name, {kT, kT}, kB,
              strict<std::uint8_t, Text, Text>([](Arena&, Text a, Text b, std::uint8_t& out) {
                out = a.starts_with(b) ? 1 : 0;
                return kDone;
              }));
  }
  for (const char* name : {"strpos", "position"}) {
    table.add(name, {kT, kT}, kI,
              strict<std::int32_t, Text, Text>([](Arena&, Text a, Text b, std::int32_t& out) {
                const std::size_t at = a.find(b);
                out = at == Text::npos
                          ? 0
                          : static_cast<std::int32_t>(character_count(a.substr(0, at)) + 1);
                return kDone;
              }));
  }
}

}  // namespace

std::size_t character_count(Text text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::size_t byte_of_character(Text text, std::int64_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    for (++at; at < text.size() && !begins_character(text[at]);) ++at;
  }
  return at;
}

Text lower_case(Arena& arena, Text text) { return mapped(arena, text, std::tolower); }

void add_texts(FunctionTable& table) {
  parts(table);
  made(table);
  measured(table);
}

}  // namespace weir
