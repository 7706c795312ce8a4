#pragma once

#include <optional>
#include <vector>

#include "spec/diagnostics.h"
#include "spec/job_spec.h"

namespace weir {

/// How a sink gets an epoch's rows (epochs.md, section 5).
enum class SinkRole : unsigned char {
  kTransaction,  ///< written into the transaction that decides
  kPlain,        ///< written at once and flushed before the decision: may repeat after a crash
  kFollower,     ///< delivered from the outbox after the decision
};

/// Who decides an epoch, and what follows for the sinks.
struct Delivery {
  DecidedBy by = DecidedBy::kSink;
  std::optional<KafkaEndpoint> cluster;  ///< where the cell is; none for kCheckpoint
  std::vector<SinkRole> sinks;           ///< one per sink of the job
  std::vector<SinkRole> dlqs;
  /// All that it keeps between two rows is in that cluster, as the file says it: only the brokers
  /// know whether two names are one cluster.
  bool light = true;
};

/// What `delivery:` and the sinks ask for together; refuses what would be weaker than asked.
Delivery plan_delivery(const JobSpec& job, Diagnostics& diagnostics);

}  // namespace weir
