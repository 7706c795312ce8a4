#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. Pure.
std::string json_quoted(std::string_view text);

/// Writes JSON from front to back: keys and values in the order of the calls, commas by itself. The
/// API's answers are small and written by us alone, so a tree of them would only cost.
///
///   JsonWriter out;
///   out.begin_map().key("jobs").begin_list().text("a").end_list().end_map();
///
/// Thread: its owner's.
class JsonWriter {
 public:
  JsonWriter& begin_map() { return open('{'); }
  JsonWriter& end_map() { return close('}'); }
  JsonWriter& begin_list() { return open('['); }
  JsonWriter& end_list() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value) { return raw(json_quoted(value)); }
  JsonWriter& number(std::int64_t value) { return raw(std::to_string(value)); }
  JsonWriter& number(std::uint64_t value) { return raw(std::to_string(value)); }
  /// With at most three decimals.
  JsonWriter& decimal(double value);
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  /// JSON of somebody else's, such as a job's own answer.
  JsonWriter& raw(std::string_view json);

  std::string take() { return std::move(out_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);

  std::string out_;
  bool comma_ = false;
};

}  // namespace weir
