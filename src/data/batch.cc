#include "data/batch.h"

#include <array>
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

std::string_view headers_as_jsonb(const Record& record, Arena& arena) {
  std::map<std::string_view, const RecordHeader*> last;
  for (const RecordHeader& header : record.headers) last[header.name] = &header;
  std::string text = "{";
  for (const auto& [name, header] : last) {
    if (text.size() > 1) text += ',';
    append_json_string(text, name);
    text += ':';
    if (header->value_null) {
      text += "null";
    } else {
      append_json_string(text, header->value);
    }
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

Column Batch::meta_column(MetaField field) const {
  Column column = Column::make(kMetaFields[static_cast<std::size_t>(field)].type, rows, *arena);
  for (const RowIndex row : selection) {
    const Record& record = records[row];
    switch (field) {
      case MetaField::kKey:
        column.values<std::string_view>()[row] = record.key;
        if (record.key_null) column.set_null(row);
        break;
      case MetaField::kTopic:
        column.values<std::string_view>()[row] = origin->topic;
        break;
      case MetaField::kPartition:
        column.values<std::int32_t>()[row] = origin->partition;
        break;
      case MetaField::kOffset:
        column.values<std::int64_t>()[row] = record.offset;
        break;
      case MetaField::kTimestamp:
        column.values<std::int64_t>()[row] = record.timestamp_us;
        if (record.timestamp_us <= 0) column.set_null(row);
        break;
      case MetaField::kHeaders:
        column.values<std::string_view>()[row] = headers_as_jsonb(record, *arena);
        break;
      case MetaField::kId:
        column.values<std::string_view>()[row] =
            arena->copy(origin->id_prefix + std::to_string(record.offset));
        break;
    }
  }
  return column;
}

}  // namespace weir
