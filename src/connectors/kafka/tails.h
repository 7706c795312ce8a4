#pragma once

#include "connectors/kafka/client.h"
#include "flow/source.h"

namespace weir::kafka {

/// Compares the last consumed record of `assignment`, when its position has a fingerprint, with the
/// one that stands there now (epochs.md, section 6), by reading it again through `reader`, a
/// consumer that nobody else uses. Blocks until `deadline` at most. Thread: the committer. Errors:
/// kRetry.
/// A log that ends before the position is kOutside; nothing: the partition is gone.
Result<std::optional<TailCheck>> verify_tail(Client& reader, const SplitAssignment& assignment,
                                             MonoTime deadline);

}  // namespace weir::kafka
