#include "base/terminal_text.h"

#include <algorithm>

namespace weir {
namespace {

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

}  // namespace

std::size_t row_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string in_one_row(std::string_view text) {
  std::string row(text);
  std::replace_if(
      row.begin(), row.end(),
      [](char byte) { return static_cast<unsigned char>(byte) < 0x20U || byte == 0x7f; }, ' ');
  return row;
}

std::string cut_to_width(std::string text, std::size_t width) {
  if (row_width(text) <= width) return text;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (begins_character(text[end]) && ++seen > width) break;
  }
  text.resize(end);
  return text;
}

std::string group_digits(std::string digits) {
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}  // namespace weir
