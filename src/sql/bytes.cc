#include <algorithm>
#include <cctype>
#include <optional>

#include "data/base64.h"
#include "data/json.h"
#include "sql/kernel.h"
#include "sql/value_text.h"

namespace weir {
namespace {

// "UTF8", "utf-8" and "UTF_8" are one; weir's text is UTF-8 and nothing else.
bool is_utf8_name(Text name) {
  std::string plain;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return plain == "utf8" || plain == "unicode";
}

enum class Coding : unsigned char { kHex, kBase64, kEscape };

std::optional<Coding> coding_of(Text name) {
  const auto is = [name](Text word) {
    return std::equal(name.begin(), name.end(), word.begin(), word.end(),
                      [](char a, char b) { return (a | 0x20) == b; });
  };
  if (is("hex")) return Coding::kHex;
  if (is("base64")) return Coding::kBase64;
  if (is("escape")) return Coding::kEscape;
  return std::nullopt;
}
constexpr Failure kNoCoding = "there are the encodings hex, base64 and escape";

// PostgreSQL breaks base64 into the lines of a mail.
void append_lines(std::string& out, Text bytes) {
  constexpr std::size_t kBytesPerLine = 57;  // 76 characters
  for (std::size_t at = 0; at < bytes.size(); at += kBytesPerLine) {
    if (at > 0) out += '\n';
    append_base64(out, bytes.substr(at, kBytesPerLine));
  }
}

void append_escaped(std::string& out, Text bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (byte == 0 || byte >= 0x80) {
      out += '\\';
      out += static_cast<char>('0' + (byte >> 6U));
      out += static_cast<char>('0' + (byte >> 3U & 7U));
      out += static_cast<char>('0' + (byte & 7U));
    } else {
      out += c;
    }
  }
}

Failure encode(Arena& arena, Text bytes, Text name, Text& out) {
  const std::optional<Coding> coding = coding_of(name);
  if (!coding) return kNoCoding;
  if (bytes.size() > kTextBytesMax / 4) return kTextTooLong;
  std::string made;
  if (*coding == Coding::kHex) append_hex(made, bytes);
  if (*coding == Coding::kBase64) append_lines(made, bytes);
  if (*coding == Coding::kEscape) append_escaped(made, bytes);
  out = arena.copy(made);
  return kDone;
}

Failure decode(Arena& arena, Text text, Text name, Text& out) {
  const std::optional<Coding> coding = coding_of(name);
  if (!coding) return kNoCoding;
  const bool escape = *coding == Coding::kEscape;
  // `\x` begins hex digits in a literal alone.
  const std::optional<std::string> bytes = *coding == Coding::kHex      ? parse_hex(text)
                                           : *coding == Coding::kBase64 ? parse_base64(text)
                                                                        : parse_bytea_escapes(text);
  if (!bytes) {
    return escape                    ? "invalid input syntax for type bytea"
           : *coding == Coding::kHex ? "invalid hexadecimal data"
                                     : "invalid base64 data";
  }
  out = arena.copy(*bytes);
  return kDone;
}

void encodings(FunctionTable& table) {
  table.add("encode", {kY, kT}, kT,
            strict<Text, Text, Text>([](Arena& arena, Text bytes, Text name, Text& out) {
              return encode(arena, bytes, name, out);
            }));
  table.add("decode", {kT, kT}, kY,
            strict<Text, Text, Text>([](Arena& arena, Text text, Text name, Text& out) {
              return decode(arena, text, name, out);
            }));
  table.add("convert_from", {kY, kT}, kT,
            strict<Text, Text, Text>([](Arena&, Text bytes, Text name, Text& out) -> Failure {
              if (!is_utf8_name(name)) return "convert_from reads UTF8 only";
              if (!is_utf8(bytes) || bytes.find('\0') != Text::npos)
                return "these bytes are not UTF-8 text";
              out = bytes;
              return kDone;
            }));
  table.add("convert_to", {kT, kT}, kY,
            strict<Text, Text, Text>([](Arena&, Text text, Text name, Text& out) -> Failure {
              if (!is_utf8_name(name)) return "convert_to writes UTF8 only";
              out = text;
              return kDone;
            }));
}

// Bytes [from, from + count), numbered from 1, as far as there are such.
Text slice(Text bytes, std::int64_t from, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  const std::int64_t first = std::clamp<std::int64_t>(from - 1, 0, size);
  const std::int64_t end = std::clamp<std::int64_t>(from - 1 + count, first, size);
  return bytes.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(end - first));
}

void parts(FunctionTable& table) {
  for (const char* name : {"substr", "substring"}) {
    table.add(name, {kY, kI}, kY,
              strict<Text, Text, std::int32_t>([](Arena&, Text a, std::int32_t from, Text& out) {
                out = slice(a, from, std::int64_t{1} << 40);
                return kDone;
              }));
    table.add(name, {kY, kI, kI}, kY,
              strict<Text, Text, std::int32_t, std::int32_t>(
                  [](Arena&, Text a, std::int32_t from, std::int32_t count, Text& out) -> Failure {
                    if (count < 0) return "negative substring length not allowed";
                    out = slice(a, from, count);
                    return kDone;
                  }));
  }
  table.add("position", {kY, kY}, kI,
            strict<std::int32_t, Text, Text>([](Arena&, Text a, Text b, std::int32_t& out) {
              const std::size_t at = a.find(b);
              out = at == Text::npos ? 0 : static_cast<std::int32_t>(at) + 1;
              return kDone;
            }));
  table.add("get_byte", {kY, kI}, kI,
            strict<std::int32_t, Text, std::int32_t>(
                [](Arena&, Text a, std::int32_t at, std::int32_t& out) -> Failure {
                  if (at < 0 || static_cast<std::size_t>(at) >= a.size()) {
                    return "index out of valid range";
                  }
                  out = static_cast<unsigned char>(a[static_cast<std::size_t>(at)]);
                  return kDone;
                }));
}

template <class T>
void hexadecimal(FunctionTable& table, TypeKind kind) {
  table.add("to_hex", {kind}, kT, strict<Text, T>([](Arena& arena, T value, Text& out) {
              std::string digits;
              auto left = static_cast<std::make_unsigned_t<T>>(value);
              do {
                digits += "0123456789abcdef"[left & 15U];
                left >>= 4U;
              } while (left != 0);
              std::reverse(digits.begin(), digits.end());
              out = arena.copy(digits);
              return kDone;
            }));
}

}  // namespace

void add_bytes(FunctionTable& table) {
  encodings(table);
  parts(table);
  hexadecimal<std::int32_t>(table, kI);
  hexadecimal<std::int64_t>(table, kL);
  for (const TypeKind kind : {kT, kY}) {
    table.refuse("md5", {kind}, "digests are not in this version");
  }
  for (const char* name : {"sha224", "sha256", "sha384", "sha512"}) {
    table.refuse(name, {kY}, "digests are not in this version");
  }
}

}  // namespace weir
