#include "engine/outbox.h"

#include "base/check.h"

namespace weir {

Result<> OutboxWriter::begin(EpochId /*epoch*/) {
  rows_.clear();
  return {};
}

Result<std::size_t> OutboxWriter::write(const Batch& batch, std::size_t from,
                                        std::vector<RowError>& errors, std::uint64_t& bytes) {
  WEIR_CHECK(from == 0, "an outbox is never full within an epoch");
  const std::size_t before = rows_.size();
  WEIR_TRY(sink_.render(batch, rows_, errors));
  for (std::size_t i = before; i < rows_.size(); ++i) bytes += rows_[i].size();
  return batch.selection.size();
}

void OutboxWriter::take(std::vector<OutboxRow>& out) {
  for (std::string& row : rows_) out.push_back({sink_.name(), std::move(row)});
  rows_.clear();
}

}  // namespace weir
