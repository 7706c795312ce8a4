#pragma once

#include <memory>

#include "flow/delta_log.h"
#include "support/fake_producer.h"

namespace weir::test {

/// The delta topic in `cluster`: one record per epoch, keyed by it, written in the transaction of
/// the newest decider on `slot`. The topic is made when it is missing.
std::unique_ptr<DeltaLog> make_fake_delta_log(std::string topic, FakeCluster& cluster,
                                              Interrupts& interrupts, FakeSlot& slot);

}  // namespace weir::test
