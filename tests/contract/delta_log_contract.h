#pragma once

#include <functional>
#include <memory>

#include "contract/cluster_rig.h"
#include "flow/delta_log.h"

namespace weir::test {

/// The delta log of one lane, written in its decider's transactions.
struct DeltaLogRig {
  ClusterRig& cluster;
  LaneUnderTest lane;
  std::unique_ptr<DeltaLog> log;
};

Contract<DeltaLogRig> delta_log_contract();

}  // namespace weir::test
