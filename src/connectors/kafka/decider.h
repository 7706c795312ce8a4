#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/producer.h"
#include "flow/decider.h"

namespace weir::kafka {

struct KafkaDeciderOptions {
  KafkaCluster cluster;
  LaneId lane;
  /// Source name -> the user's group that mirrors its positions.
  std::map<std::string, std::string> mirror_groups;
  bool rotate_always = true;  ///< a stable read follows each commit, not only one with doubt
};

/// Makes deciders whose cell is the committed offset of group `<instance>.<job>.<lane>` on
/// partition 0 of the epoch topic, and whose transaction carries the rows of every KafkaSink on
/// `slot`, the cell and the mirror.
DeciderFactory kafka_decider_factory(KafkaDeciderOptions options,
                                     std::shared_ptr<ProducerSlot> slot);

}  // namespace weir::kafka
