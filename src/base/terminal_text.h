#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// Text for one row of a terminal. Pure.

/// What would move a terminal's cursor becomes a blank.
std::string in_one_row(std::string_view text);
/// The first `width` characters of UTF-8.
std::string cut_to_width(std::string text, std::size_t width);
std::size_t row_width(std::string_view text);
/// "1234567" as "1,234,567".
std::string group_digits(std::string digits);
template <std::integral Number>
std::string grouped(Number number) {
  return group_digits(std::to_string(number));
}

}  // namespace weir
