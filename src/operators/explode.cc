#include "operators/explode.h"

#include <string>

#include "data/json.h"
#include "operators/rejects.h"
#include "sql/evaluator.h"

namespace weir {
namespace {

// What a message shows of a value that is no array.
std::string shown(std::string_view value) {
  constexpr std::size_t kShownBytes = 60;
  const std::size_t size = utf8_prefix(value.substr(0, kShownBytes));
  return std::string(value.substr(0, size)) + (size < value.size() ? "..." : "");
}

// A row is copied as a view of what its record has, but the steps behind may make new text of it,
// and a sink renders it: 16 MiB of that at a time, where 1,024 rows could be gigabytes.
constexpr std::size_t kRowsBytesMax = 16U << 20U;

Column gather(const Column& from, const std::vector<RowIndex>& rows, Arena& arena) {
  Column to = Column::make(from.type(), rows.size(), arena);
  for_type(from.type().kind, [&]<class T>(std::type_identity<T>) {
    const auto in = from.values<T>();
    const auto out = to.values<T>();
    for (std::size_t i = 0; i < rows.size(); ++i) out[i] = in[rows[i]];
  });
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (from.is_null(rows[i])) to.set_null(static_cast<RowIndex>(i));
  }
  return to;
}

class Explode final : public Operator {
 public:
  Explode(Expression array, std::shared_ptr<const Schema> output)
      : array_(std::move(array)), output_(std::move(output)) {}

  Result<> process(BatchPtr batch, const EpochContext& /*epoch*/, Emitter& out) override {
    const Column arrays = evaluate(array_, *batch, batch->selection, errors_);
    deselect(*batch, errors_);
    const std::size_t failed = errors_.size();
    for (const RowIndex row : batch->selection) {
      if (arrays.is_null(row)) continue;
      const std::string_view value = arrays.values<std::string_view>()[row];
      if (value.empty() || value.front() != '[') {
        errors_.push_back({row, "explode takes a jsonb array, not " + shown(value)});
      }
    }
    deselect(*batch, std::span(errors_).subspan(failed));
    WEIR_TRY(reject_all(*batch, errors_, out));
    for (const RowIndex row : batch->selection) {
      if (arrays.is_null(row)) continue;
      const std::size_t row_bytes = text_bytes(*batch, row);
      JsonElements elements(arrays.values<std::string_view>()[row]);
      for (std::size_t index = 0; const auto element = elements.next(); ++index) {
        rows_.push_back(row);
        elements_.push_back(*element);
        indexes_.push_back(index);
        bytes_ += row_bytes + element->size();
        if (rows_.size() == kBatchRowsMax || bytes_ >= kRowsBytesMax) WEIR_TRY(emit(*batch, out));
      }
    }
    return rows_.empty() ? Result<>() : emit(*batch, out);
  }

 private:
  Result<> emit(const Batch& from, Emitter& out) {
    auto batch = std::make_unique<Batch>();
    batch->arena = from.arena;
    batch->schema = output_;
    batch->origin = from.origin;
    batch->rows = rows_.size();
    for (const Column& column : from.columns) {
      batch->columns.push_back(gather(column, rows_, *from.arena));
    }
    const Column last =
        Column::make((*output_)[output_->size() - 1].type, rows_.size(), *from.arena);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      last.values<std::string_view>()[i] = elements_[i];
      Record record = from.records[rows_[i]];
      record.id_suffix =
          from.arena->copy(std::string(record.id_suffix) + ":" + std::to_string(indexes_[i]));
      batch->records.push_back(record);
    }
    batch->columns.push_back(last);
    batch->select_all();
    rows_.clear();
    elements_.clear();
    indexes_.clear();
    bytes_ = 0;
    return out.emit(std::move(batch));
  }

  const Expression array_;
  const std::shared_ptr<const Schema> output_;
  std::vector<RowError> errors_;
  // Of the batch that is being filled: which row each was made of, its element, and which one it
  // is.
  std::vector<RowIndex> rows_;
  std::vector<std::string_view> elements_;
  std::vector<std::size_t> indexes_;
  std::size_t bytes_ = 0;  // of their texts, as if nothing was shared
};

}  // namespace

std::unique_ptr<Operator> make_explode(Expression array, std::shared_ptr<const Schema> output) {
  return std::make_unique<Explode>(std::move(array), std::move(output));
}

}  // namespace weir
