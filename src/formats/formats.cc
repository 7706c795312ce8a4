#include "formats/internal.h"

namespace weir {
namespace {

class RawDecoder final : public Decoder {
 public:
  explicit RawDecoder(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {}

  BatchPtr decode(RecordBatch&& records, std::vector<RowError>& /*errors*/) override {
    auto batch = std::make_unique<Batch>();
    batch->arena = std::move(records.arena);
    batch->records = std::move(records.records);
    batch->origin = std::move(records.origin);
    batch->schema = schema_;
    batch->rows = batch->records.size();
    if (schema_->size() == 1) {
      Column column = Column::make((*schema_)[0].type, batch->rows, *batch->arena);
      for (RowIndex row = 0; row < batch->rows; ++row) {
        column.values<std::string_view>()[row] = batch->records[row].value;
        if (batch->records[row].value_null) column.set_null(row);
      }
      batch->columns.push_back(column);
    }
    batch->select_all();
    return batch;
  }

 private:
  const std::shared_ptr<const Schema> schema_;
};

class RawEncoder final : public Encoder {
 public:
  Result<Encoded> encode(const Batch& batch, RowIndex row, std::string& out) const override {
    if (batch.columns[0].is_null(row)) return Encoded::kNull;
    out += batch.columns[0].values<std::string_view>()[row];
    return Encoded::kValue;
  }
};

Result<std::unique_ptr<Decoder>> make_raw_decoder(std::shared_ptr<const Schema> schema) {
  const bool usable = schema->size() == 0 || (schema->size() == 1 && (*schema)[0].name == "value" &&
                                              (*schema)[0].type.kind == TypeKind::kBytea);
  if (!usable) {
    return Error{Action::kStopJob,
                 "format raw gives one column, \"value bytea\"; leave the schema out"};
  }
  return std::unique_ptr<Decoder>(std::make_unique<RawDecoder>(std::move(schema)));
}

Result<std::unique_ptr<Encoder>> make_raw_encoder(const Schema& schema) {
  const bool usable = schema.size() == 1 && (schema[0].type.kind == TypeKind::kBytea ||
                                             schema[0].type.kind == TypeKind::kText);
  if (!usable) {
    return Error{Action::kStopJob,
                 "format raw writes exactly one column of bytea or text, and there are " +
                     std::to_string(schema.size()) + "; add a select"};
  }
  return std::unique_ptr<Encoder>(std::make_unique<RawEncoder>());
}

Result<std::unique_ptr<Decoder>> make_plain_decoder(Format format,
                                                    std::shared_ptr<const Schema> schema,
                                                    const FormatOptions& options) {
  switch (format) {
    case Format::kJson:
      return make_json_decoder(std::move(schema));
    case Format::kRaw:
      return make_raw_decoder(std::move(schema));
    case Format::kCsv:
      return make_csv_decoder(std::move(schema), options.csv);
    case Format::kText:
      return make_text_decoder(std::move(schema));
    case Format::kGenerated:
      break;
  }
  return make_generated_decoder(std::move(schema));
}

}  // namespace

std::string_view to_string(Format format) {
  switch (format) {
    case Format::kJson:
      return "json";
    case Format::kRaw:
      return "raw";
    case Format::kCsv:
      return "csv";
    case Format::kText:
      return "text";
    case Format::kGenerated:
      return "generated";
  }
  return {};
}

Result<std::unique_ptr<Decoder>> make_decoder(Format format, std::shared_ptr<const Schema> schema,
                                              const FormatOptions& options) {
  WEIR_ASSIGN(auto decoder, make_plain_decoder(format, std::move(schema), options));
  return options.framed ? refuse_unreadable(std::move(decoder)) : std::move(decoder);
}

Result<std::unique_ptr<Encoder>> make_encoder(Format format, const Schema& schema,
                                              const FormatOptions& options) {
  switch (format) {
    case Format::kJson:
      return make_json_encoder(schema);
    case Format::kRaw:
      return make_raw_encoder(schema);
    case Format::kCsv:
      return make_csv_encoder(options.csv);
    case Format::kText:
      return make_text_encoder(schema);
    case Format::kGenerated:
      break;
  }
  return Error{Action::kStopJob, "format generated cannot be written"};
}

}  // namespace weir
