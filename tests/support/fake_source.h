#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/source.h"
#include "support/fake_cluster.h"
#include "support/interrupts.h"

namespace weir::test {

enum class FakeStart : unsigned char { kEarliest, kLatest, kCommitted };

struct FakeSourceOptions {
  SourceIndex index;
  std::string name;
  std::vector<std::string> topics;
  FakeStart start = FakeStart::kEarliest;
  bool start_is_explicit = false;
  bool bounded = false;  ///< `end: latest`
};

/// Reads topics of `cluster`, read_committed, with Kafka's positions and tail fingerprints.
///
/// Cluster and interrupts outlive it.
std::unique_ptr<Source> make_fake_source(FakeSourceOptions options, FakeCluster& cluster,
                                         Interrupts& interrupts);

}  // namespace weir::test
