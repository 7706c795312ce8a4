#include "sql/value_text.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "data/base64.h"

namespace weir {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool same_word(std::string_view a, std::string_view lower_b) {
  return a.size() == lower_b.size() && std::equal(a.begin(), a.end(), lower_b.begin(),
                                                  [](char x, char y) { return lower(x) == y; });
}

template <class Float>
std::optional<Float> parse_float(std::string_view text) {
  text = trim_blanks(text);
  std::string_view digits = text;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) digits.remove_prefix(1);
  if (same_word(text, "nan")) return std::numeric_limits<Float>::quiet_NaN();
  if (same_word(digits, "inf") || same_word(digits, "infinity")) {
    const Float infinity = std::numeric_limits<Float>::infinity();
    return negative ? -infinity : infinity;
  }
  // from_chars would take "nan(x)" and a second sign.
  if (digits.empty() || !((digits[0] >= '0' && digits[0] <= '9') || digits[0] == '.')) {
    return std::nullopt;
  }
  Float value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const std::size_t from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  text = trim_blanks(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) { return parse_float<double>(text); }
std::optional<float> parse_real(std::string_view text) { return parse_float<float>(text); }

std::optional<bool> parse_boolean(std::string_view text) {
  text = trim_blanks(text);
  if (text.empty()) return std::nullopt;
  const auto begins = [text](std::string_view word) {
    return text.size() <= word.size() && same_word(text, word.substr(0, text.size()));
  };
  if (begins("true") || begins("yes") || text == "1") return true;
  if (begins("false") || begins("no") || text == "0") return false;
  if (text.size() < 2) return std::nullopt;  // "o" begins on and off
  if (begins("on")) return true;
  if (begins("off")) return false;
  return std::nullopt;
}

std::optional<std::string> parse_bytea(std::string_view text) {
  return text.starts_with("\\x") ? parse_hex(text.substr(2)) : parse_bytea_escapes(text);
}

std::optional<std::string> parse_bytea_escapes(std::string_view text) {
  std::string out;
  const auto octal = [&](std::size_t at, char most) {
    return at < text.size() && text[at] >= '0' && text[at] <= most;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out += '\\';
      ++i;
    } else if (octal(i + 1, '3') && octal(i + 2, '7') && octal(i + 3, '7')) {
      out +=
          static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
      i += 3;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace weir
