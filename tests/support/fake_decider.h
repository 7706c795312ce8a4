#pragma once

#include <map>
#include <memory>
#include <string>

#include "flow/decider.h"
#include "support/fake_producer.h"

namespace weir::test {

struct FakeDeciderOptions {
  LaneId lane;
  std::map<std::string, std::string> mirror_groups;  ///< source name -> group
  std::string epoch_topic = "weir-epochs";
};

/// Makes deciders whose cell, mirror and metadata are laid out in `cluster` as the Kafka decider
/// lays them out, so that a test can read and forge them with connectors/kafka/cell.h.
///
/// Cluster, interrupts and slot outlive the deciders; one slot per simulated process.
DeciderFactory fake_decider_factory(FakeDeciderOptions options, FakeCluster& cluster,
                                    Interrupts& interrupts, FakeSlot& slot);

}  // namespace weir::test
