#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "data/arena.h"
#include "data/json_shape.h"
#include "data/json_value.h"

namespace weir {

/// Finds the wanted fields of JSON records. It reads by the shape of the records before, and with
/// simdjson where that does not do; results are the same. All of a document is checked, wanted or
/// not: a record is JSON or it is an error.
///
/// Owned by a decoder. Thread: its worker.
class JsonRecordReader {
 public:
  JsonRecordReader();
  ~JsonRecordReader();

  /// Reads the object `document` (kValuePadding readable bytes behind it); values[i] is the last
  /// one given for names[i]. Views point into `document` or `arena`. The names must be the same
  /// ones in every call.
  /// Errors: kSkipRecord, "not JSON: <what>, at byte <position>" or "not a JSON object".
  Result<> read(std::string_view document, std::span<const std::string_view> names,
                std::span<JsonValue> values, Arena& arena) {
    if (read_by_shape(document, names, values, arena)) return {};
    return read_slowly(document, names, values, arena);
  }
  /// The first half of it. False: use the second.
  bool read_by_shape(std::string_view document, std::span<const std::string_view> names,
                     std::span<JsonValue> values, Arena& arena) {
    return shape_.read(document, names, values, arena);
  }
  /// The second half, simdjson: slower, and complete by itself.
  Result<> read_slowly(std::string_view document, std::span<const std::string_view> names,
                       std::span<JsonValue> values, Arena& arena);

 private:
  struct Parser;
  Result<> read_fields(std::string_view document, std::span<const std::string_view> names,
                       std::span<JsonValue> values, Arena& arena);

  JsonShapeReader shape_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace weir
