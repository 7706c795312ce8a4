#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/arena.h"

namespace weir {

/// jsonb values are canonical JSON text: no white space, object keys unique (the last given wins,
/// as in PostgreSQL) and sorted by length then bytes (PostgreSQL's order), numbers in plain decimal
/// notation with every digit but zeros at the end of a fraction (1.50 is 1.5, 1e2 is 100, -0 is 0),
/// strings with the shortest escapes. So equality of values is equality of texts.

/// Values of more levels of objects and arrays are refused, as PostgreSQL's stack limit does
/// somewhere.
constexpr int kJsonDepthMax = 256;

/// Canonical text of the JSON document in `text` (kValuePadding readable bytes behind it): `text`
/// itself when it is canonical already, else made in the arena.
/// Errors: kSkipRecord with the position.
Result<std::string_view> canonical_json(std::string_view text, Arena& arena);

/// Where a text stops being JSON.
struct JsonMistake {
  std::size_t position = 0;  ///< in bytes from 0
  std::string_view what;     ///< static
};
/// Nothing when `text` (kValuePadding readable bytes behind it), which stands `depth` levels deep,
/// is JSON. Slow: for messages.
std::optional<JsonMistake> find_json_mistake(std::string_view text, int depth = 0);
/// `a string is not closed, at byte 17`.
std::string to_string(const JsonMistake& mistake);

/// `value -> key` and `value -> index` (negative from the end) over canonical text: a view into
/// it; nothing when absent or `value` is not of that kind.
std::optional<std::string_view> json_get(std::string_view value, std::string_view key);
std::optional<std::string_view> json_get(std::string_view value, std::int64_t index);

/// The elements of an array one after the other, each a view into the canonical text. Of any other
/// value there are none.
class JsonElements {
 public:
  explicit JsonElements(std::string_view value);
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;  // from the next element on
};

/// `->>`: a JSON string without quotes and escapes (in the arena when it had any), any other value
/// as its text; nothing for JSON null.
std::optional<std::string_view> json_as_text(std::string_view value, Arena& arena);

/// Appends a quoted JSON string; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// True when `text` is valid UTF-8 (simdjson's validator).
bool is_utf8(std::string_view text);
/// How many bytes at the front of `text` are valid UTF-8.
std::size_t utf8_prefix(std::string_view text);

}  // namespace weir
