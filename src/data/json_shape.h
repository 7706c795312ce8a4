#pragma once

#include <span>
#include <string_view>

#include "data/arena.h"
#include "data/json_pass.h"
#include "data/json_skeleton.h"
#include "data/json_value.h"

namespace weir {

/// Reads JSON records by the shape of the ones before. First a record is expected to differ from
/// the last one in its values alone (json_skeleton.h); where it does not, object by object, the
/// same keys in the same order are expected, and one that stands elsewhere, is new or is missing
/// costs a look-up (json_pass.h). What needs more than that (escapes in keys, \u, deep nesting,
/// every mistake) is left to the slower reader.
///
/// It takes no record that is not JSON: all of it is checked, wanted or not.
///
/// Owned by a JsonRecordReader. Thread: its worker.
class JsonShapeReader {
 public:
  /// As JsonRecordReader::read. False: ask the slower reader; `values` is then unspecified. The
  /// names must be the same ones in every call.
  bool read(std::string_view document, std::span<const std::string_view> names,
            std::span<JsonValue> values, Arena& arena);

 private:
  // Where hits and misses balance, trying the skeleton costs more than it saves.
  static constexpr int kTrustMax = 64;
  // Records of several shapes in turn would make it learn at each.
  static constexpr int kLearnEveryMax = 1024;

  bool read_by_objects(std::string_view document, std::span<const std::string_view> names,
                       std::span<JsonValue> values, Arena& arena);

  JsonSkeleton skeleton_;
  int trust_ = 0;
  int misses_ = 0;    // of the skeleton, since it was learned
  int learn_at_ = 1;  // misses
  JsonObjectShape root_;
};

}  // namespace weir
