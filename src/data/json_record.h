#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "data/arena.h"

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

struct JsonValue {
  JsonKind kind = JsonKind::kMissing;
  std::string_view text;
};

/// Finds the wanted fields of JSON records. It learns the order of fields of the records before,
/// and checks all of a document, wanted or not: a record is JSON or it is an error.
///
/// Owned by a decoder. Thread: its worker.
class JsonRecordReader {
 public:
  JsonRecordReader();
  ~JsonRecordReader();

  /// Reads the object `document` (kValuePadding readable bytes behind it); values[i] is the last
  /// one given for names[i]. Views point into `document` or `arena`.
  /// Errors: kSkipRecord, "not JSON: <what>, at byte <position>" or "not a JSON object".
  Result<> read(std::string_view document, std::span<const std::string_view> names,
                std::span<JsonValue> values, Arena& arena);

 private:
  struct Parser;
  Result<> read_fields(std::string_view document, std::span<const std::string_view> names,
                       std::span<JsonValue> values, Arena& arena);

  std::unique_ptr<Parser> parser_;
};

}  // namespace weir
