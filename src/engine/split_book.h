#pragma once

#include <map>
#include <memory>
#include <vector>

#include "engine/lane.h"
#include "engine/messages.h"

namespace weir {

/// How far each split of the lane was read, for LaneStatus::splits.
///
/// Owned by the coordinator. Thread: the coordinator's; what it gave out is immutable.
class SplitBook {
 public:
  void assigned(const std::vector<ClaimedSplit>& splits);
  void committed(const std::vector<SplitRange>& moved, const std::vector<SplitLag>& lags);
  std::shared_ptr<const SplitStatuses> page() const { return page_; }

 private:
  void turn_page() { page_ = std::make_shared<const SplitStatuses>(splits_); }

  SplitStatuses splits_;
  std::shared_ptr<const SplitStatuses> page_ = std::make_shared<const SplitStatuses>();
};

}  // namespace weir
