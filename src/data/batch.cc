#include "data/batch.h"

#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <string>

#include "base/check.h"
#include "data/json.h"

namespace weir {
namespace {

constexpr std::array kMetaFields = {
    MetaFieldInfo{MetaField::kKey, "_key", {.kind = TypeKind::kBytea}},
    MetaFieldInfo{MetaField::kTopic, "_topic", {.kind = TypeKind::kText}},
    MetaFieldInfo{MetaField::kPartition, "_partition", {.kind = TypeKind::kInteger}},
    MetaFieldInfo{MetaField::kOffset, "_offset", {.kind = TypeKind::kBigint}},
    MetaFieldInfo{MetaField::kTimestamp, "_timestamp", {.kind = TypeKind::kTimestamptz}},
    MetaFieldInfo{MetaField::kHeaders, "_headers", {.kind = TypeKind::kJsonb}},
    MetaFieldInfo{MetaField::kId, "_id", {.kind = TypeKind::kText}},
};

std::string_view id_of(const Record& record, const Origin& origin, Arena& arena) {
  constexpr std::size_t kOffsetCharsMax = 20;
  const std::size_t prefix = origin.id_prefix.size();
  const std::size_t suffix = record.id_suffix.size();
  const std::span<char> text = arena.array<char>(prefix + kOffsetCharsMax + suffix);
  std::memcpy(text.data(), origin.id_prefix.data(), prefix);
  const auto written =
      std::to_chars(text.data() + prefix, text.data() + text.size(), record.offset);
  if (suffix != 0) std::memcpy(written.ptr, record.id_suffix.data(), suffix);
  return {text.data(), static_cast<std::size_t>(written.ptr - text.data()) + suffix};
}

std::string_view headers_as_jsonb(const Record& record, Arena& arena) {
  if (record.headers.empty()) return "{}";
  std::map<std::string_view, std::vector<const RecordHeader*>> by_name;
  for (const RecordHeader& header : record.headers) by_name[header.name].push_back(&header);
  std::string text = "{";
  for (const auto& [name, headers] : by_name) {
    if (text.size() > 1) text += ',';
    append_json_string(text, name);
    text += headers.size() == 1 ? ":" : ":[";
    for (const RecordHeader* const header : headers) {
      if (header != headers.front()) text += ',';
      if (header->value_null) {
        text += "null";
      } else {
        append_json_string(text, header->value);
      }
    }
    if (headers.size() > 1) text += ']';
  }
  text += '}';
  const Result<std::string_view> canonical = canonical_json(arena.copy(text, kValuePadding), arena);
  WEIR_CHECK(canonical.has_value(), "an object of escaped strings is JSON");
  return *canonical;
}

}  // namespace

std::span<const MetaFieldInfo> meta_fields() { return kMetaFields; }

std::optional<MetaFieldInfo> find_meta_field(std::string_view name) {
  for (const MetaFieldInfo& info : kMetaFields) {
    if (info.name == name) return info;
  }
  return std::nullopt;
}

std::size_t text_bytes(const Batch& batch, RowIndex row) {
  std::size_t bytes = 0;
  for (const Column& column : batch.columns) {
    for_type(column.type().kind, [&]<class T>(std::type_identity<T>) {
      if constexpr (std::is_same_v<T, std::string_view>) {
        if (!column.is_null(row)) bytes += column.values<T>()[row].size();
      }
    });
  }
  return bytes;
}

Column Batch::meta_column(MetaField field) const {
  Column column = Column::make(kMetaFields[static_cast<std::size_t>(field)].type, rows, *arena);
  // Sets value(record) for every row that is still in.
  const auto fill = [&]<class T>(std::type_identity<T>, auto value) {
    const std::span<T> values = column.values<T>();
    for (const RowIndex row : selection) values[row] = value(records[row]);
  };
  constexpr std::type_identity<std::string_view> kView;
  constexpr std::type_identity<std::int64_t> kInt64;
  switch (field) {
    case MetaField::kKey:
      fill(kView, [](const Record& record) { return record.key; });
      for (const RowIndex row : selection) {
        if (records[row].key_null) column.set_null(row);
      }
      break;
    case MetaField::kTopic:
      fill(kView, [this](const Record&) { return std::string_view(origin->topic); });
      break;
    case MetaField::kPartition:
      fill(std::type_identity<std::int32_t>{}, [this](const Record&) { return origin->partition; });
      break;
    case MetaField::kOffset:
      fill(kInt64, [](const Record& record) { return record.offset; });
      break;
    case MetaField::kTimestamp:
      fill(kInt64, [](const Record& record) { return record.timestamp_us; });
      for (const RowIndex row : selection) {
        if (records[row].timestamp_us == 0) column.set_null(row);
      }
      break;
    case MetaField::kHeaders:
      fill(kView, [this](const Record& record) { return headers_as_jsonb(record, *arena); });
      break;
    case MetaField::kId:
      fill(kView, [this](const Record& record) { return id_of(record, *origin, *arena); });
      break;
  }
  return column;
}

}  // namespace weir
