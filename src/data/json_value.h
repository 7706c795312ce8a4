#pragma once

#include <string_view>

namespace weir {

enum class JsonKind : unsigned char {
  kMissing,
  kNull,
  kTrue,
  kFalse,
  kNumber,  ///< text: the token as written
  kString,  ///< text: unescaped
  kNested,  ///< text: the object or array as written
};

/// One field of a record as a reader found it; a view.
struct JsonValue {
  JsonKind kind = JsonKind::kMissing;
  std::string_view text;
};

}  // namespace weir
