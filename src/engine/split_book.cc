#include "engine/split_book.h"

namespace weir {

void SplitBook::assigned(const std::vector<ClaimedSplit>& splits) {
  SplitStatuses now;
  for (const ClaimedSplit& split : splits) {
    const SplitId& id = split.assignment.split;
    SplitStatus& status = now[id];
    if (const auto before = splits_.find(id); before != splits_.end()) status = before->second;
    status.next = split.assignment.position;
  }
  splits_ = std::move(now);
  turn_page();
}

void SplitBook::committed(const std::vector<SplitRange>& moved, const std::vector<SplitLag>& lags) {
  if (moved.empty() && lags.empty()) return;
  for (const SplitRange& range : moved) {
    SplitStatus& status = splits_[range.split];
    status.first = range.first;
    status.next = range.next;
    status.records += range.records;
  }
  for (const SplitLag& lag : lags) splits_[lag.split].lag_records = lag.records;
  turn_page();
}

}  // namespace weir
