#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/arena.h"
#include "data/json_scan.h"
#include "data/json_value.h"

namespace weir {

/// For JsonShapeReader only.

/// Text that is expected and compared in place: keys, and what stands between values.
///
/// Thread: any, immutable.
class ExpectedText {
 public:
  explicit ExpectedText(std::string_view text);
  std::size_t size() const { return text_.size(); }
  std::string_view text() const { return text_; }

  /// Whether it stands at `at`, which is before `end`, behind which kValuePadding bytes are
  /// readable.
  bool stands_at(const char* at, const char* end) const {
    // Where a short text matches behind the end, the next one or the document's end is missed.
    if (at >= end || (json_scan::same_bits(at, head_.data()) & head_mask_) != head_mask_) {
      return false;
    }
    const std::size_t size = text_.size();
    if (size <= json_scan::kStep) [[likely]]
      return true;
    if (end - at < static_cast<std::ptrdiff_t>(size)) return false;
    if (json_scan::same_bits(at + size - json_scan::kStep, tail_.data()) != json_scan::kAllBits) {
      return false;
    }
    return size <= 2 * json_scan::kStep || std::memcmp(at, text_.data(), size) == 0;
  }

 private:
  std::array<char, json_scan::kStep> head_{};
  std::array<char, json_scan::kStep> tail_{};
  unsigned head_mask_;
  std::string text_;
};

struct JsonField;
/// What is known of an object: its fields in the order in which they come.
struct JsonObjectShape {
  std::vector<JsonField> fields;
};
struct JsonField {
  ExpectedText key;                         ///< with its quotes, its colon and the blanks behind it
  int wanted;                               ///< index into the names, -1 for none
  std::unique_ptr<JsonObjectShape> nested;  ///< of its value, or of an array's elements
};

/// One pass over one document. What reads returns where it stopped, nullptr for "ask the slower
/// reader". It may read, and find, what stands up to kValuePadding bytes behind the document: then
/// it ends behind it, which is no longer where the document ends.
///
/// Thread: a worker; lives as long as the document is read.
class JsonPass {
 public:
  JsonPass(std::string_view document, std::span<const std::string_view> names,
           std::span<JsonValue> values, Arena& arena)
      : end_(document.data() + document.size()), names_(names), values_(values), arena_(arena) {}

  /// The object that begins at `at`, inside `depth` others; learns its fields.
  const char* object(JsonObjectShape& shape, const char* at, int depth);

  /// Any value; `shape` is what is known of the objects in it, `wanted` the index of its name or
  /// -1.
  const char* value(std::unique_ptr<JsonObjectShape>& shape, const char* at, int depth,
                    int wanted) {
    if (*at == '"') [[likely]]
      return string(at, wanted);
    return *at == '{' ? nested(shape, at, depth, wanted) : other(shape, at, depth, wanted);
  }
  int wanted(std::string_view key) const {
    const auto found = std::find(names_.begin(), names_.end(), key);
    return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
  }
  /// json_scan's bits of all strings.
  unsigned seen() const { return seen_; }

 private:
  // An object that is being read while one inside it is.
  struct Frame {
    JsonObjectShape* shape;
    JsonField* next;
    int wanted;        // of the inner object
    const char* from;  // where that begins
  };

  static std::string_view text(const char* from, const char* to) {
    return {from, static_cast<std::size_t>(to - from)};
  }
  void put(int wanted, JsonKind kind, std::string_view value) const {
    if (wanted >= 0) values_[static_cast<std::size_t>(wanted)] = {kind, value};
  }
  const char* string(const char* at, int wanted) {
    const char* const close = json_scan::plain_string_end(at + 1, end_);
    if (close == nullptr) [[unlikely]]
      return unusual_string(at, wanted);
    put(wanted, JsonKind::kString, text(at + 1, close));
    return close + 1;
  }
  // A value that is neither a string nor an object.
  const char* other(std::unique_ptr<JsonObjectShape>& shape, const char* at, int depth,
                    int wanted) {
    const char* const close = json_scan::short_number_end(at);
    if (close == nullptr) [[unlikely]]
      return rarer(shape, at, depth, wanted);
    put(wanted, JsonKind::kNumber, text(at, close));
    return close;
  }
  const char* unusual_string(const char* at, int wanted);
  const char* rarer(std::unique_ptr<JsonObjectShape>& shape, const char* at, int depth, int wanted);
  const char* nested(std::unique_ptr<JsonObjectShape>& shape, const char* at, int depth,
                     int wanted);
  const char* array(std::unique_ptr<JsonObjectShape>& elements, const char* at, int depth);
  std::pair<JsonField*, const char*> elsewhere(JsonObjectShape& shape, JsonField* expected,
                                               const char* at, bool top);
  std::string_view unescaped(std::string_view text);

  const char* const end_;
  const std::span<const std::string_view> names_;
  const std::span<JsonValue> values_;
  Arena& arena_;
  unsigned seen_ = 0;
};

}  // namespace weir
