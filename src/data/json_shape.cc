#include "data/json_shape.h"

#include <algorithm>

#include "data/json.h"

namespace weir {

bool JsonShapeReader::read(std::string_view document, std::span<const std::string_view> names,
                           std::span<JsonValue> values, Arena& arena) {
  if (trust_ > 0) {
    for (JsonValue& value : values) value.kind = JsonKind::kMissing;
    JsonPass pass(document, names, values, arena);
    if (skeleton_.read(pass, document)) [[likely]] {
      trust_ = std::min(trust_ + 1, kTrustMax);
      return (pass.seen() & json_scan::kNonAscii) == 0 || is_utf8(document);
    }
    --trust_;
  }
  return read_by_objects(document, names, values, arena);
}

bool JsonShapeReader::read_by_objects(std::string_view document,
                                      std::span<const std::string_view> names,
                                      std::span<JsonValue> values, Arena& arena) {
  for (JsonValue& value : values) value.kind = JsonKind::kMissing;
  const char* const end = document.data() + document.size();
  const char* at = json_scan::skip_blanks(document.data(), end);
  if (at >= end || *at != '{') return false;
  JsonPass pass(document, names, values, arena);
  at = pass.object(root_, at, 0);
  if (at == nullptr || json_scan::skip_blanks(at, end) != end) return false;
  if ((pass.seen() & json_scan::kNonAscii) != 0 && !is_utf8(document)) return false;
  if (++misses_ >= learn_at_) {
    skeleton_.learn(document, names, arena);
    misses_ = 0;
    learn_at_ = std::min(learn_at_ * 2, kLearnEveryMax);
    trust_ = kTrustMax / 2;
  }
  return true;
}

}  // namespace weir
