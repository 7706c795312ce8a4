#pragma once

#include <memory>

#include "flow/epoch_store.h"
#include "support/fake_disk.h"
#include "support/interrupts.h"

namespace weir::test {

/// Opens the store on `disk`, which outlives it, as the next process does after a crash.
std::unique_ptr<EpochStore> open_fake_store(FakeDisk& disk, Interrupts& interrupts);

}  // namespace weir::test
