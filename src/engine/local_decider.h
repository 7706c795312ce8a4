#pragma once

#include <memory>

#include "flow/decider.h"
#include "flow/epoch_store.h"

namespace weir {

/// The decider of lanes that nothing outside decides for: the sync of D/<N> with LANE in one batch
/// (EpochStore::put_decided) is the decision, which the committer makes; here the cell is what LANE
/// says. There is one process, by the lock file, so there is nobody to fence and nothing to rotate.
///
/// `store` outlives it. Thread: the committer.
std::unique_ptr<Decider> make_local_decider(LaneId id, EpochStore& store);

}  // namespace weir
