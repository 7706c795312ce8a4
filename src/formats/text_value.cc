#include "formats/text_value.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "data/base64.h"
#include "data/json.h"
#include "data/record.h"
#include "data/render.h"

namespace weir {
namespace {

template <class T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
  });
}

bool read_boolean(std::string_view text, std::uint8_t& out) {
  out = equals_ignoring_case(text, "true") || equals_ignoring_case(text, "t") ? 1 : 0;
  return out == 1 || equals_ignoring_case(text, "false") || equals_ignoring_case(text, "f");
}

bool read_numeric(std::string_view text, Type type, Numeric& out) {
  std::optional<Numeric> parsed = parse_numeric(text);
  if (parsed && type.precision != 0) parsed = fit(*parsed, type.precision, type.scale);
  if (parsed) out = *parsed;
  return parsed.has_value();
}

bool read_jsonb(std::string_view text, std::string_view& out, Arena& arena) {
  const Result<std::string_view> canonical = canonical_json(arena.copy(text, kValuePadding), arena);
  if (canonical) out = *canonical;
  return canonical.has_value();
}

bool read_bytea(std::string_view text, std::string_view& out, Arena& arena) {
  const std::optional<std::string> bytes =
      text.starts_with("\\x") ? parse_hex(text.substr(2)) : std::nullopt;
  if (bytes) out = arena.copy(*bytes);
  return bytes.has_value();
}

// What a reader found, if it found something.
template <class T>
bool put(const std::optional<T>& value, T& out) {
  if (value) out = *value;
  return value.has_value();
}

}  // namespace

bool store_text(std::string_view text, Column& column, RowIndex row, Arena& arena) {
  switch (column.type().kind) {
    case TypeKind::kBoolean:
      return read_boolean(text, column.values<std::uint8_t>()[row]);
    case TypeKind::kSmallint:
      return read_number(text, column.values<std::int16_t>()[row]);
    case TypeKind::kInteger:
      return read_number(text, column.values<std::int32_t>()[row]);
    case TypeKind::kBigint:
      return read_number(text, column.values<std::int64_t>()[row]);
    case TypeKind::kReal:
      return read_number(text, column.values<float>()[row]);
    case TypeKind::kDouble:
      return read_number(text, column.values<double>()[row]);
    case TypeKind::kNumeric:
      return read_numeric(text, column.type(), column.values<Numeric>()[row]);
    case TypeKind::kText:
      column.values<std::string_view>()[row] = text;
      return is_utf8(text);
    case TypeKind::kTimestamptz:
      return put(parse_timestamp(text), column.values<std::int64_t>()[row]);
    case TypeKind::kTimestamp:
      return put(parse_local_timestamp(text), column.values<std::int64_t>()[row]);
    case TypeKind::kDate:
      return put(parse_date(text), column.values<std::int32_t>()[row]);
    case TypeKind::kInterval:
      return put(parse_interval(text), column.values<Interval>()[row]);
    case TypeKind::kUuid:
      return put(parse_uuid(text), column.values<Uuid>()[row]);
    case TypeKind::kJsonb:
      return read_jsonb(text, column.values<std::string_view>()[row], arena);
    case TypeKind::kBytea:
      return read_bytea(text, column.values<std::string_view>()[row], arena);
  }
  return false;
}

}  // namespace weir
