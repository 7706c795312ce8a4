#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace weir {

/// Where an entry is kept besides its key: window states lie in one table per open window, so that
/// a window closes as a whole. `time` is the window's end, or a timer's due time.
struct StateTable {
  std::optional<WallTime> time;  ///< none: the plain per-key table
  auto operator<=>(const StateTable&) const = default;
};

/// The state of one (step, shard): bytes to bytes, written in place with an undo list. Steps lay
/// their values out themselves, versioned. Nothing else in the program writes state.
///
/// Owned by the lane's state, lent to one operator. Thread: the task's worker; undo(), delta()
/// and applied() when the worker has ended or discarded the epoch.
class KeyedState {
 public:
  virtual ~KeyedState() = default;

  /// One value per key, none where absent. Views are valid until the next call.
  virtual Result<> get(const StateTable& table, std::span<const std::string_view> keys,
                       std::vector<std::optional<std::string_view>>& values) = 0;
  virtual Result<> put(const StateTable& table, std::span<const std::string_view> keys,
                       std::span<const std::string_view> values) = 0;
  virtual Result<> erase(const StateTable& table, std::span<const std::string_view> keys) = 0;

  using Visit = std::function<Result<>(std::string_view key, std::string_view value)>;
  /// Every entry of one table, in the order of keys.
  virtual Result<> scan(const StateTable& table, const Visit& visit) = 0;
  /// The tables with a time up to and including `bound`, oldest first: due windows and timers.
  virtual Result<std::vector<StateTable>> due(WallTime bound) = 0;
  /// Takes a whole table away (one range tombstone in the delta).
  virtual Result<> erase_table(const StateTable& table) = 0;

  /// Appends what the open epoch changed to `out`, for D/<N>; the epoch stays open.
  virtual Result<> append_delta(std::string& out) = 0;
  /// Puts back the bytes from before the open epoch.
  virtual Result<> undo() = 0;
  /// The open epoch was decided and applied as `epoch`: its undo list is dropped.
  virtual Result<> applied(EpochId epoch) = 0;
  /// Replays a delta of an earlier epoch.
  virtual Result<> replay(EpochId epoch, std::string_view delta) = 0;

  virtual std::size_t bytes() const = 0;
};

}  // namespace weir
