#pragma once

#include <memory>

#include "contract/clause.h"
#include "flow/epoch_store.h"

namespace weir::test {

/// A place for one lane's store, empty at first.
class StoreRig {
 public:
  virtual ~StoreRig() = default;
  /// Opens it as the next process does; the store before was destroyed.
  virtual std::unique_ptr<EpochStore> open() = 0;
};

/// A record with something in every field.
LaneRecord sample_lane(std::int64_t epoch = 42);

/// What every store promises for LANE.
Contract<StoreRig> lane_store_contract();
/// D records, the outbox and followers' cursors.
Contract<StoreRig> epoch_store_contract();

}  // namespace weir::test
