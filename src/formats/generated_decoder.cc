#include "formats/internal.h"

namespace weir {
namespace {

class GeneratedDecoder final : public Decoder {
 public:
  explicit GeneratedDecoder(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {}

  BatchPtr decode(RecordBatch&& records, std::vector<RowError>& /*errors*/) override {
    auto batch = std::make_unique<Batch>();
    batch->arena = std::move(records.arena);
    batch->records = std::move(records.records);
    batch->origin = std::move(records.origin);
    batch->schema = schema_;
    batch->rows = batch->records.size();
    if (schema_->size() == 1) {
      const Column column = Column::make((*schema_)[0].type, batch->rows, *batch->arena);
      for (RowIndex row = 0; row < batch->rows; ++row) {
        column.values<std::int64_t>()[row] = batch->records[row].offset;
      }
      batch->columns.push_back(column);
    }
    batch->select_all();
    return batch;
  }

 private:
  const std::shared_ptr<const Schema> schema_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_generated_decoder(std::shared_ptr<const Schema> schema) {
  const bool usable = schema->size() == 0 || (schema->size() == 1 && (*schema)[0].name == "i" &&
                                              (*schema)[0].type.kind == TypeKind::kBigint);
  if (!usable) {
    return Error{Action::kStopJob,
                 "source generate gives one column, \"i bigint\"; `row:` makes others of it"};
  }
  return std::unique_ptr<Decoder>(std::make_unique<GeneratedDecoder>(std::move(schema)));
}

}  // namespace weir
