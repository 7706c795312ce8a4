#pragma once

#include <atomic>
#include <optional>

#include "base/clock.h"

namespace weir {

/// Where the committer and the coordinator settle who gives up on whom. No call of a client
/// library is trusted to return: the committer says when it goes into its decider and until when
/// that may take; past it the coordinator may abandon the committer, which then, whenever the call
/// returns, touches nothing but its own decider. Exactly one of leave() and abandon() wins.
///
/// Owned by one committer's task and its coordinator together.
/// Thread: enter() and leave() the committer; the rest the coordinator.
class DeciderWatch {
 public:
  void enter(MonoTime until) {
    until_ = until.time_since_epoch().count();
    state_ = State::kInside;
  }
  /// False when it was abandoned meanwhile.
  bool leave() {
    State inside = State::kInside;
    return state_.compare_exchange_strong(inside, State::kOutside);
  }
  bool abandoned() const { return state_ == State::kAbandoned; }

  bool inside() const { return state_ == State::kInside; }
  bool overdue(MonoTime now) const { return inside() && now.time_since_epoch().count() >= until_; }
  /// False when the call has returned meanwhile: its answer comes.
  bool abandon() {
    State inside = State::kInside;
    return state_.compare_exchange_strong(inside, State::kAbandoned);
  }

 private:
  enum class State : unsigned char { kOutside, kInside, kAbandoned };
  std::atomic<State> state_ = State::kOutside;
  std::atomic<MonoTime::rep> until_ = 0;
};

}  // namespace weir
