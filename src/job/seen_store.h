#pragma once

#include <memory>

#include "flow/epoch_store.h"

namespace weir {

/// What was read of a store, for a decider that asks one: load() answers `contents`, which outlives
/// it, as they are then. Everything else is refused: those who mend a store have the store itself.
///
/// Thread: main.
std::unique_ptr<EpochStore> make_seen_store(const StoreContents& contents);

}  // namespace weir
