#include <array>
#include <charconv>

#include "data/base64.h"
#include "data/json.h"
#include "data/json_record.h"
#include "data/render.h"
#include "data/short_number.h"
#include "data/timestamp_reader.h"
#include "formats/internal.h"
#include "formats/text_value.h"

namespace weir {
namespace {

constexpr std::array<std::uint64_t, 19> kPowers18 = [] {
  std::array<std::uint64_t, 19> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

template <class T>
bool read_number(std::string_view token, T& out) {
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), out);
  return error == std::errc{} && end == token.data() + token.size();
}

std::string shown(const JsonValue& value) {
  constexpr std::size_t kShownMax = 60;
  std::string text(value.text.substr(0, kShownMax));
  if (value.text.size() > kShownMax) text += "...";
  return value.kind == JsonKind::kString ? "\"" + text + "\"" : text;
}

template <class T>
bool store_whole(const JsonValue& value, T& out) {
  if (value.kind != JsonKind::kNumber) return false;
  const ShortNumber number = read_short_number(value.text);
  // Eight digits are within every type but smallint.
  if (number.ok && number.scale == 0 && sizeof(T) > sizeof(std::int16_t)) [[likely]] {
    const auto digits = static_cast<T>(number.digits);
    out = static_cast<T>(number.negative ? -digits : digits);
    return true;
  }
  return read_number(value.text, out);
}

bool store_double(const JsonValue& value, double& out) {
  if (value.kind != JsonKind::kNumber) return false;
  const ShortNumber number = read_short_number(value.text);
  constexpr std::uint64_t kExactMax = std::uint64_t{1} << 53U;
  if (number.ok && number.digits <= kExactMax) [[likely]] {
    // Both sides are exact doubles, so one division rounds correctly (Clinger, 1990).
    const double size =
        static_cast<double>(number.digits) /
        static_cast<double>(short_number::kPowers[static_cast<std::size_t>(number.scale)]);
    out = number.negative ? -size : size;
    return true;
  }
  return read_number(value.text, out);
}

// Of numbers that need no rounding and that 64 bits hold; false for others.
bool store_short_numeric(const ShortNumber& number, Type type, Numeric& out) {
  std::uint64_t digits = number.digits;  // below 10^16
  int scale = number.scale;
  if (type.precision != 0) {
    // 10^2: the product stays below 2^64.
    if (scale > type.scale || type.scale - scale > 2) return false;
    digits *= short_number::kPowers[static_cast<std::size_t>(type.scale - scale)];
    if (type.precision <= 18 && digits >= kPowers18[static_cast<std::size_t>(type.precision)]) {
      return false;
    }
    scale = type.scale;
  }
  const auto value = static_cast<std::int64_t>(digits);
  out = {number.negative ? -value : value, scale};
  return true;
}

bool store_numeric(const JsonValue& value, Type type, Numeric& out) {
  if (value.kind == JsonKind::kNumber) {
    const ShortNumber number = read_short_number(value.text);
    if (number.ok && store_short_numeric(number, type, out)) [[likely]]
      return true;
  } else if (value.kind != JsonKind::kString) {
    return false;
  }
  std::optional<Numeric> parsed = parse_numeric(value.text);
  if (parsed && type.precision != 0) parsed = fit(*parsed, type.precision, type.scale);
  if (parsed) out = *parsed;
  return parsed.has_value();
}

bool store_jsonb(const JsonValue& value, std::string_view& out, Arena& arena) {
  if (value.kind == JsonKind::kMissing || value.kind == JsonKind::kNull) return false;
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

bool store_base64(std::string_view text, std::string_view& out, Arena& arena) {
  const std::optional<std::string> bytes = parse_base64(text);
  if (bytes) out = arena.copy(*bytes);
  return bytes.has_value();
}

// False when the value is not of the type; null is of none.
bool store(const JsonValue& value, Type type, Column& column, RowIndex row,
           TimestampReader& timestamps, Arena& arena) {
  const bool string = value.kind == JsonKind::kString;
  switch (type.kind) {
    case TypeKind::kBoolean:
      column.values<std::uint8_t>()[row] = value.kind == JsonKind::kTrue ? 1 : 0;
      return value.kind == JsonKind::kTrue || value.kind == JsonKind::kFalse;
    case TypeKind::kSmallint:
      return store_whole(value, column.values<std::int16_t>()[row]);
    case TypeKind::kInteger:
      return store_whole(value, column.values<std::int32_t>()[row]);
    case TypeKind::kBigint:
      return store_whole(value, column.values<std::int64_t>()[row]);
    case TypeKind::kReal:
      return value.kind == JsonKind::kNumber &&
             read_number(value.text, column.values<float>()[row]);
    case TypeKind::kDouble:
      return store_double(value, column.values<double>()[row]);
    case TypeKind::kNumeric:
      return store_numeric(value, type, column.values<Numeric>()[row]);
    case TypeKind::kText:
      column.values<std::string_view>()[row] = value.text;
      return string;
    case TypeKind::kTimestamptz: {
      const std::optional<std::int64_t> parsed =
          string ? timestamps.read(value.text) : std::nullopt;
      if (parsed) column.values<std::int64_t>()[row] = *parsed;
      return parsed.has_value();
    }
    case TypeKind::kJsonb:
      return store_jsonb(value, column.values<std::string_view>()[row], arena);
    case TypeKind::kBytea:
      return string && store_base64(value.text, column.values<std::string_view>()[row], arena);
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
    case TypeKind::kUuid:
      return string && store_text(value.text, column, row, arena);
  }
  return false;
}

class JsonDecoder final : public Decoder {
 public:
  explicit JsonDecoder(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {
    for (const Field& field : schema_->fields()) names_.push_back(field.name);
    values_.resize(names_.size());
    timestamps_.resize(names_.size());
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
    batch->selection.resize(batch->rows);
    std::size_t decoded = 0;
    for (RowIndex row = 0; row < batch->rows; ++row) {
      if (decode_row(*batch, row)) [[likely]] {
        batch->selection[decoded++] = row;
      } else {
        errors.push_back({row, error_});
      }
    }
    batch->selection.resize(decoded);
    return batch;
  }

 private:
  // False: error_ says why.
  bool decode_row(Batch& batch, RowIndex row) {
    const Record& record = batch.records[row];
    if (record.value_null) return fail("the record has no value");
    if (!reader_.read_by_shape(record.value, names_, values_, *batch.arena)) [[unlikely]] {
      const Result<> read = reader_.read_slowly(record.value, names_, values_, *batch.arena);
      if (!read) return fail(read.error().message());
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      Column& column = batch.columns[i];
      if (store(values_[i], column.type(), column, row, timestamps_[i], *batch.arena)) [[likely]]
        continue;
      if (!store_null(i, column, row)) return false;
    }
    return true;
  }

  [[gnu::noinline]] bool store_null(std::size_t i, Column& column, RowIndex row) {
    const Field& field = (*schema_)[i];
    const JsonValue& value = values_[i];
    if (value.kind != JsonKind::kMissing && value.kind != JsonKind::kNull) {
      return fail("column \"" + field.name + "\": " + shown(value) + " is not " +
                  to_string(field.type));
    }
    if (field.not_null) {
      return fail("column \"" + field.name + "\" is NOT NULL and the record has " +
                  (value.kind == JsonKind::kNull ? "null" : "no such field"));
    }
    column.set_null(row);
    return true;
  }

  bool fail(std::string why) {
    error_ = std::move(why);
    return false;
  }

  const std::shared_ptr<const Schema> schema_;
  std::vector<std::string_view> names_;
  std::vector<JsonValue> values_;
  std::vector<TimestampReader> timestamps_;
  JsonRecordReader reader_;
  std::string error_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_json_decoder(std::shared_ptr<const Schema> schema) {
  return std::unique_ptr<Decoder>(std::make_unique<JsonDecoder>(std::move(schema)));
}

}  // namespace weir
