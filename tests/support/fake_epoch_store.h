#pragma once

#include <memory>

#include "flow/epoch_store.h"
#include "support/fake_disk.h"
#include "support/interrupts.h"

namespace weir::test {

/// Opens the store on `disk`, which outlives it, as the next process does after a crash.
/// `syncs_epochs`: false is a mistake to be found, D records that are not durable (M1).
std::unique_ptr<EpochStore> open_fake_store(FakeDisk& disk, Interrupts& interrupts,
                                            bool syncs_epochs = true);

}  // namespace weir::test
