#include "job/row_parts.h"

#include <algorithm>
#include <limits>

#include "data/render.h"
#include "sql/evaluator.h"

namespace weir {
namespace {

// The values of one expression for a batch, as bytes.
class BytesOf {
 public:
  explicit BytesOf(Expression expression) : expression_(std::move(expression)) {}

  void evaluate(const Batch& batch, std::span<const RowIndex> rows, std::vector<RowError>& errors) {
    column_ = weir::evaluate(expression_, batch, rows, errors);
  }
  std::optional<std::string_view> at(RowIndex row) {
    if (column_.is_null(row)) return std::nullopt;
    const TypeKind kind = column_.type().kind;
    if (kind == TypeKind::kText || kind == TypeKind::kBytea)
      return column_.values<std::string_view>()[row];
    text_.clear();
    append_text(text_, column_, row);
    return text_;
  }

 private:
  const Expression expression_;
  Column column_;
  std::string text_;
};

class RowParts final : public kafka::RecordParts {
 public:
  explicit RowParts(const RowExpressions& expressions)
      : partition_(expressions.partition), tombstone_(expressions.tombstone) {
    if (expressions.key) key_.emplace(*expressions.key);
    for (const SelectTarget& header : expressions.headers) {
      names_.push_back(header.name);
      values_.emplace_back(header.expression);
    }
    headers_.resize(names_.size());
  }

  Result<> prepare(const Batch& batch, std::vector<RowError>& errors) override {
    // A row that failed is not asked about again, so that it is one error.
    std::vector<RowIndex> rows = batch.selection;
    const auto each = [&](const auto& evaluate_it) {
      const std::size_t before = errors.size();
      evaluate_it(rows);
      for (std::size_t i = before; i < errors.size(); ++i) std::erase(rows, errors[i].row);
    };
    if (key_) each([&](auto& in) { key_->evaluate(batch, in, errors); });
    if (partition_) {
      each([&](auto& in) {
        partitions_ = evaluate(*partition_, batch, in, errors);
        find_too_large(in, errors);
      });
    }
    if (tombstone_) each([&](auto& in) { tombstones_ = evaluate(*tombstone_, batch, in, errors); });
    for (BytesOf& value : values_) each([&](auto& in) { value.evaluate(batch, in, errors); });
    return {};
  }

  std::optional<std::string_view> key(const Batch& /*batch*/, RowIndex row) override {
    return key_ ? key_->at(row) : std::nullopt;
  }
  std::optional<std::int32_t> partition(const Batch& /*batch*/, RowIndex row) override {
    if (!partition_ || partitions_.is_null(row)) return std::nullopt;
    return static_cast<std::int32_t>(partition_at(row));
  }
  std::span<const RecordHeader> headers(const Batch& /*batch*/, RowIndex row) override {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const auto value = values_[i].at(row);
      headers_[i] = {names_[i], value.value_or(std::string_view()), !value};
    }
    return headers_;
  }
  bool tombstone(const Batch& /*batch*/, RowIndex row) override {
    return tombstone_ && !tombstones_.is_null(row) && tombstones_.values<std::uint8_t>()[row] != 0;
  }

 private:
  std::int64_t partition_at(RowIndex row) const {
    return partitions_.type().kind == TypeKind::kInteger ? partitions_.values<std::int32_t>()[row]
                                                         : partitions_.values<std::int64_t>()[row];
  }
  void find_too_large(const std::vector<RowIndex>& rows, std::vector<RowError>& errors) const {
    std::vector<RowIndex> failed;
    for (const RowError& error : errors) failed.push_back(error.row);
    for (const RowIndex row : rows) {
      if (partitions_.is_null(row)) continue;
      const std::int64_t partition = partition_at(row);
      if (partition >= 0 && partition <= std::numeric_limits<std::int32_t>::max()) continue;
      if (std::find(failed.begin(), failed.end(), row) != failed.end()) continue;
      errors.push_back({row, "partition " + std::to_string(partition) + " is out of range"});
    }
  }

  std::optional<BytesOf> key_;
  const std::optional<Expression> partition_, tombstone_;
  Column partitions_, tombstones_;
  std::vector<std::string> names_;
  std::vector<BytesOf> values_;
  std::vector<RecordHeader> headers_;
};

}  // namespace

kafka::MakeRecordParts make_row_parts(RowExpressions expressions) {
  if (!expressions.key && !expressions.partition && !expressions.tombstone &&
      expressions.headers.empty()) {
    return {};
  }
  return [made = std::move(expressions)] { return std::make_unique<RowParts>(made); };
}

}  // namespace weir
