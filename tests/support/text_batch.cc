#include "support/text_batch.h"

namespace weir::test {

Batch text_batch(const std::vector<std::string>& values) {
  Batch batch;
  batch.arena = std::make_unique<Arena>();
  batch.schema =
      std::make_shared<const Schema>(std::vector<Field>{{"value", {TypeKind::kText}, false}});
  batch.rows = values.size();
  batch.columns.push_back(Column::make({TypeKind::kText}, values.size(), *batch.arena));
  batch.records.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    batch.columns[0].values<std::string_view>()[i] = batch.arena->copy(values[i]);
  }
  batch.select_all();
  return batch;
}

std::string_view text_of(const Batch& batch, RowIndex row) {
  const Column& column = batch.columns.at(0);
  return column.is_null(row) ? "NULL" : column.values<std::string_view>()[row];
}

}  // namespace weir::test
