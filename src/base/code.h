#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir {

/// Stable numbers of everything a person may have to look up with `weir explain W2104`; the list
/// with cause and cure is codes.def. A number is never used again for something else.
enum class Code : std::uint16_t {
  kNone = 0,
#define WEIR_CODE(number, name, title, cause, cure) name = number,
#include "base/codes.def"
#undef WEIR_CODE
};

/// One page of `weir explain`.
struct CodePage {
  Code code;
  std::string_view name;   ///< snake_case, such as "unknown_column"; HALTs are named by it
  std::string_view title;  ///< one line
  std::string_view cause;
  std::string_view cure;
};

/// All pages, in order of their number. Immutable.
std::span<const CodePage> code_pages();

/// The page of `code`, or nothing when there is none.
std::optional<CodePage> find_code_page(Code code);

/// "W2104"; empty for kNone.
std::string to_string(Code code);

/// The snake_case name, such as "other_owner"; empty for kNone.
std::string_view code_name(Code code);

/// Reads "W2104", "w2104" or "2104"; nothing when it is no number of the list.
std::optional<Code> parse_code(std::string_view text);

}  // namespace weir
