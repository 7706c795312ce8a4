#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace weir {

/// The copy of the D records outside of this machine: the delta topic (state.md). In the decider's
/// transaction, so it holds decided epochs only.
///
/// Owned by the lane. Thread: the committer.
class DeltaLog {
 public:
  virtual ~DeltaLog() = default;

  /// Appends the encoded D record of `epoch` with its outbox rows to the open transaction.
  /// Errors: kRecover.
  virtual Result<> append(EpochId epoch, std::string_view record) = 0;

  using Visit = std::function<Result<>(EpochId epoch, std::string_view record)>;
  /// Every decided record with first <= epoch <= last, in order. Errors: kRetry; kHalt state_lost
  /// when one is missing.
  virtual Result<> read(EpochId first, EpochId last, MonoTime deadline, const Visit& visit) = 0;
  /// The oldest epoch it still holds; none when empty.
  virtual Result<std::optional<EpochId>> oldest(MonoTime deadline) = 0;
  /// Deletes what lies at or below `epoch` (the oldest mirrored snapshot).
  virtual Result<> trim(EpochId epoch, MonoTime deadline) = 0;
};

}  // namespace weir
