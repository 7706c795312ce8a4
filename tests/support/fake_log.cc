#include "support/fake_log.h"

#include <algorithm>

namespace weir::test {

std::int64_t FakeLog::append(FakeRecord record, bool open) {
  const std::int64_t offset = end();
  entries_.push_back({std::move(record), open ? Kind::kOpen : Kind::kRecord});
  if (open) open_.insert(offset);
  return offset;
}

void FakeLog::close(const std::vector<std::int64_t>& offsets, bool commit) {
  for (const std::int64_t offset : offsets) {
    open_.erase(offset);
    if (offset >= begin_) at(offset).kind = commit ? Kind::kRecord : Kind::kAborted;
  }
  entries_.push_back({{}, Kind::kMarker});
}

void FakeLog::delete_before(std::int64_t offset) {
  const std::int64_t count = std::min(std::max<std::int64_t>(offset - begin_, 0), end() - begin_);
  entries_.erase(entries_.begin(), entries_.begin() + count);
  begin_ += count;
}

const FakeRecord* FakeLog::visible(std::int64_t offset) const {
  if (offset < begin_ || offset >= stable_end()) return nullptr;
  const Entry& entry = entries_[static_cast<std::size_t>(offset - begin_)];
  return entry.kind == Kind::kRecord ? &entry.record : nullptr;
}

}  // namespace weir::test
