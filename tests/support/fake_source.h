#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/loss.h"
#include "flow/source.h"
#include "support/fake_cluster.h"
#include "support/interrupts.h"

namespace weir::test {

using kafka::OnDataLoss;
enum class FakeStart : unsigned char { kEarliest, kLatest, kCommitted };

struct FakeSourceOptions {
  SourceIndex index;
  std::string name;
  std::vector<std::string> topics;
  std::function<bool(const std::string&)> matches = {};  ///< in place of `topics`
  FakeStart start = FakeStart::kEarliest;
  bool start_is_explicit = false;
  bool bounded = false;  ///< `end: latest`
  OnDataLoss on_data_loss = OnDataLoss::kFail;
};

/// Reads topics of `cluster`, read_committed, with Kafka's positions and tail fingerprints.
///
/// Cluster and interrupts outlive it.
std::unique_ptr<Source> make_fake_source(FakeSourceOptions options, FakeCluster& cluster,
                                         Interrupts& interrupts);

}  // namespace weir::test
