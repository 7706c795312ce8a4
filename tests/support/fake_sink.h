#pragma once

#include <memory>
#include <string>

#include "flow/sink.h"
#include "support/fake_producer.h"

namespace weir::test {

/// Writes the first column of each row (text) with the key of the record it came from to a topic,
/// in the transaction of the newest decider on `slot`. Rows that read "unencodable" cannot be
/// rendered. Rows with one key go to one partition.
std::unique_ptr<Sink> make_fake_sink(std::string name, std::string topic, FakeCluster& cluster,
                                     Interrupts& interrupts, FakeSlot& slot);

}  // namespace weir::test
