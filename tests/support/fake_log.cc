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
    at(offset).kind = commit ? Kind::kRecord : Kind::kAborted;
  }
  entries_.push_back({{}, Kind::kMarker});
}

void FakeLog::delete_before(std::int64_t offset) {
  begin_ = std::max(begin_, std::min(offset, end()));
}

const FakeRecord* FakeLog::visible(std::int64_t offset) const {
  return offset < begin_ ? nullptr : ever_visible(offset);
}

const FakeRecord* FakeLog::ever_visible(std::int64_t offset) const {
  if (offset < 0 || offset >= stable_end()) return nullptr;
  const Entry& entry = entries_[static_cast<std::size_t>(offset)];
  return entry.kind == Kind::kRecord ? &entry.record : nullptr;
}

}  // namespace weir::test
