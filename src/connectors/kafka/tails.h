#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "connectors/kafka/client.h"
#include "flow/source.h"

namespace weir::kafka {

/// Opens a consumer that nobody else uses, with these properties beside a source's own.
using OpenReader = std::function<Result<std::unique_ptr<Client>>(const Properties& fetching)>;

/// Compares the last consumed record of each of `assignments` with the one that stands there now
/// (epochs.md, section 6), by reading it again: all of them at once, kTailGroup at a time, so that
/// memory is bounded. No split is there twice. One check per assignment, in that order: kOutside
/// where the log ends before the position, nothing where the partition is gone. Without a
/// fingerprint it is kUnverified; with `outside_of_all` its log is asked for its end all the same.
/// Blocks until `deadline` at most. Thread: the committer. Errors: kRetry; kRecover when a
/// partition goes meanwhile; kStopJob for permissions and credentials.
Result<std::vector<std::optional<TailCheck>>> compare_tails(
    const OpenReader& open_reader, const std::vector<SplitAssignment>& assignments,
    bool outside_of_all, MonoTime deadline);
inline constexpr std::size_t kTailGroup = 128;

}  // namespace weir::kafka
