#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/mailbox.h"
#include "engine/messages.h"
#include "flow/epoch_store.h"
#include "flow/sink.h"

namespace weir {

/// Delivers the outbox of one sink, epoch after decided epoch, and acknowledges each in the store.
/// A sink that is down is tried again with back-off and keeps nobody from anything else.
///
/// Owned by its thread's owner. Thread: step() its own, which sleeps on a waker until wake_at();
/// decided() and quit() any, followed by a wake.
class FollowerTask {
 public:
  /// Everything given outlives it.
  FollowerTask(std::size_t number, FollowerSink& sink, EpochStore& store, const Clock& clock,
               Mailbox<LaneEvent>& events)
      : number_(number), sink_(sink), store_(store), clock_(clock), events_(events) {}

  /// Epochs up to and including `epoch` are decided.
  void decided(EpochId epoch) { decided_ = epoch.value(); }
  void quit() { quit_ = true; }

  enum class Step : unsigned char { kBusy, kIdle, kQuit };
  /// Delivers one epoch, blocking for its deadline at most.
  Step step();
  /// When step() must be called though nobody woke it; max() when never.
  MonoTime wake_at() const { return retry_at_.value_or(MonoTime::max()); }

 private:
  Step deliver(EpochId epoch);
  Step failed(Error error);

  const std::size_t number_;
  FollowerSink& sink_;
  EpochStore& store_;
  const Clock& clock_;
  Mailbox<LaneEvent>& events_;
  std::atomic<EpochId::rep> decided_ = 0;
  std::atomic<bool> quit_ = false;
  std::optional<EpochId> delivered_;  // as acknowledged in the store
  std::optional<MonoTime> retry_at_;
  std::uint64_t failures_ = 0;
  bool given_up_ = false;  // the coordinator knows
};

}  // namespace weir
