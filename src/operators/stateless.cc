#include "operators/stateless.h"

#include "operators/rejects.h"
#include "sql/evaluator.h"

namespace weir {
namespace {

class Filter final : public Operator {
 public:
  explicit Filter(Expression condition) : condition_(std::move(condition)) {}

  Result<> process(BatchPtr batch, const EpochContext& /*epoch*/, Emitter& out) override {
    apply_filter(condition_, *batch, errors_);
    WEIR_TRY(reject_all(*batch, errors_, out));
    return batch->selection.empty() ? Result<>() : out.emit(std::move(batch));
  }

 private:
  const Expression condition_;
  std::vector<RowError> errors_;
};

class Select final : public Operator {
 public:
  Select(std::vector<SelectTarget> targets, std::shared_ptr<const Schema> output)
      : targets_(std::move(targets)), output_(std::move(output)) {}

  Result<> process(BatchPtr batch, const EpochContext& /*epoch*/, Emitter& out) override {
    std::vector<Column> columns;
    columns.reserve(targets_.size());
    for (const SelectTarget& target : targets_) {
      const std::size_t before = errors_.size();
      columns.push_back(evaluate(target.expression, *batch, batch->selection, errors_));
      deselect(*batch, std::span(errors_).subspan(before));
    }
    WEIR_TRY(reject_all(*batch, errors_, out));
    batch->columns = std::move(columns);
    batch->schema = output_;
    return batch->selection.empty() ? Result<>() : out.emit(std::move(batch));
  }

 private:
  const std::vector<SelectTarget> targets_;
  const std::shared_ptr<const Schema> output_;
  std::vector<RowError> errors_;
};

}  // namespace

std::unique_ptr<Operator> make_filter(Expression condition) {
  return std::make_unique<Filter>(std::move(condition));
}

std::unique_ptr<Operator> make_select(std::vector<SelectTarget> targets,
                                      std::shared_ptr<const Schema> output) {
  return std::make_unique<Select>(std::move(targets), std::move(output));
}

}  // namespace weir
