#include "data/json.h"
#include "data/render.h"
#include "formats/internal.h"

namespace weir {
namespace {

class TextDecoder final : public Decoder {
 public:
  explicit TextDecoder(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {}

  BatchPtr decode(RecordBatch&& records, std::vector<RowError>& errors) override {
    auto batch = std::make_unique<Batch>();
    batch->arena = std::move(records.arena);
    batch->records = std::move(records.records);
    batch->origin = std::move(records.origin);
    batch->schema = schema_;
    batch->rows = batch->records.size();
    if (schema_->size() == 0) {
      batch->select_all();
      return batch;
    }
    Column column = Column::make((*schema_)[0].type, batch->rows, *batch->arena);
    for (RowIndex row = 0; row < batch->rows; ++row) {
      const Record& record = batch->records[row];
      if (!record.value_null && !is_utf8(record.value)) {
        errors.push_back({row, "the text is not UTF-8"});
        continue;
      }
      column.values<std::string_view>()[row] = record.value;
      if (record.value_null) column.set_null(row);
      batch->selection.push_back(row);
    }
    batch->columns.push_back(column);
    return batch;
  }

 private:
  const std::shared_ptr<const Schema> schema_;
};

class TextEncoder final : public Encoder {
 public:
  Result<Encoded> encode(const Batch& batch, RowIndex row, std::string& out) const override {
    if (batch.columns[0].is_null(row)) return Encoded::kNull;
    append_text(out, batch.columns[0], row);
    return Encoded::kValue;
  }
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_text_decoder(std::shared_ptr<const Schema> schema) {
  const bool usable = schema->size() == 0 || (schema->size() == 1 && (*schema)[0].name == "value" &&
                                              (*schema)[0].type.kind == TypeKind::kText);
  if (!usable) {
    return Error{Action::kStopJob,
                 "format text gives one column, \"value text\"; leave the schema out"};
  }
  return std::unique_ptr<Decoder>(std::make_unique<TextDecoder>(std::move(schema)));
}

Result<std::unique_ptr<Encoder>> make_text_encoder(const Schema& schema) {
  if (schema.size() == 1) return std::unique_ptr<Encoder>(std::make_unique<TextEncoder>());
  return Error{Action::kStopJob, "format text writes exactly one column, and there are " +
                                     std::to_string(schema.size()) + "; add a select"};
}

}  // namespace weir
