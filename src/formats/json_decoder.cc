#include <charconv>

#include "data/json.h"
#include "data/json_record.h"
#include "data/render.h"
#include "formats/internal.h"

namespace weir {
namespace {

std::string shown(const JsonValue& value) {
  constexpr std::size_t kShownMax = 60;
  std::string text(value.text.substr(0, kShownMax));
  if (value.text.size() > kShownMax) text += "...";
  return value.kind == JsonKind::kString ? "\"" + text + "\"" : text;
}

template <class T>
bool read_number(std::string_view token, T& out) {
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), out);
  return error == std::errc{} && end == token.data() + token.size();
}

bool store_numeric(const JsonValue& value, Type type, Numeric& out) {
  if (value.kind != JsonKind::kNumber && value.kind != JsonKind::kString) return false;
  std::optional<Numeric> parsed = parse_numeric(value.text);
  if (parsed && type.precision != 0) parsed = fit(*parsed, type.precision, type.scale);
  if (parsed) out = *parsed;
  return parsed.has_value();
}

bool store_jsonb(const JsonValue& value, std::string_view& out, Arena& arena) {
  if (value.kind == JsonKind::kTrue || value.kind == JsonKind::kFalse) {
    out = value.kind == JsonKind::kTrue ? "true" : "false";
    return true;
  }
  if (value.kind == JsonKind::kString) {
    std::string quoted;
    append_json_string(quoted, value.text);
    out = arena.copy(quoted);
    return true;
  }
  const Result<std::string_view> canonical =
      canonical_json(arena.copy(value.text, kValuePadding), arena);
  if (canonical) out = *canonical;
  return canonical.has_value();
}

// False when the value is not of the type.
bool store(const JsonValue& value, Type type, Column& column, RowIndex row, Arena& arena) {
  const bool number = value.kind == JsonKind::kNumber;
  const bool string = value.kind == JsonKind::kString;
  switch (type.kind) {
    case TypeKind::kBoolean:
      column.values<std::uint8_t>()[row] = value.kind == JsonKind::kTrue ? 1 : 0;
      return value.kind == JsonKind::kTrue || value.kind == JsonKind::kFalse;
    case TypeKind::kInteger:
      return number && read_number(value.text, column.values<std::int32_t>()[row]);
    case TypeKind::kBigint:
      return number && read_number(value.text, column.values<std::int64_t>()[row]);
    case TypeKind::kDouble:
      return number && read_number(value.text, column.values<double>()[row]);
    case TypeKind::kNumeric:
      return store_numeric(value, type, column.values<Numeric>()[row]);
    case TypeKind::kText:
      column.values<std::string_view>()[row] = value.text;
      return string;
    case TypeKind::kTimestamptz: {
      const std::optional<std::int64_t> parsed =
          string ? parse_timestamp(value.text) : std::nullopt;
      if (parsed) column.values<std::int64_t>()[row] = *parsed;
      return parsed.has_value();
    }
    case TypeKind::kJsonb:
      return store_jsonb(value, column.values<std::string_view>()[row], arena);
    case TypeKind::kBytea:
      break;
  }
  return false;
}

class JsonDecoder final : public Decoder {
 public:
  explicit JsonDecoder(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {
    for (const Field& field : schema_->fields()) names_.push_back(field.name);
    values_.resize(names_.size());
  }

  BatchPtr decode(RecordBatch&& records, std::vector<RowError>& errors) override {
    auto batch = std::make_unique<Batch>();
    batch->arena = std::move(records.arena);
    batch->records = std::move(records.records);
    batch->origin = std::move(records.origin);
    batch->schema = schema_;
    batch->rows = batch->records.size();
    for (const Field& field : schema_->fields()) {
      batch->columns.push_back(Column::make(field.type, batch->rows, *batch->arena));
    }
    batch->selection.reserve(batch->rows);
    for (RowIndex row = 0; row < batch->rows; ++row) {
      if (const Result<> done = decode_row(*batch, row); done) {
        batch->selection.push_back(row);
      } else {
        errors.push_back({row, done.error().message()});
      }
    }
    return batch;
  }

 private:
  Result<> decode_row(Batch& batch, RowIndex row) {
    const Record& record = batch.records[row];
    if (record.value_null) return Error{Action::kSkipRecord, "the record has no value"};
    WEIR_TRY(reader_.read(record.value, names_, values_, *batch.arena));
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const Field& field = (*schema_)[i];
      const JsonValue& value = values_[i];
      const bool null = value.kind == JsonKind::kMissing || value.kind == JsonKind::kNull;
      if (null && field.not_null) {
        return Error{Action::kSkipRecord,
                     "column \"" + field.name + "\" is NOT NULL and the record has " +
                         (value.kind == JsonKind::kNull ? "null" : "no such field")};
      }
      if (null) {
        batch.columns[i].set_null(row);
      } else if (!store(value, field.type, batch.columns[i], row, *batch.arena)) {
        return Error{Action::kSkipRecord, "column \"" + field.name + "\": " + shown(value) +
                                              " is not " + to_string(field.type)};
      }
    }
    return {};
  }

  const std::shared_ptr<const Schema> schema_;
  std::vector<std::string_view> names_;
  std::vector<JsonValue> values_;
  JsonRecordReader reader_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_json_decoder(std::shared_ptr<const Schema> schema) {
  for (const Field& field : schema->fields()) {
    if (field.type.kind == TypeKind::kBytea) {
      return Error{Action::kStopJob,
                   "column \"" + field.name + "\": JSON has no bytea; read it as text"};
    }
  }
  return std::unique_ptr<Decoder>(std::make_unique<JsonDecoder>(std::move(schema)));
}

}  // namespace weir
