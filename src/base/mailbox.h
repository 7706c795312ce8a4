#pragma once

#include <deque>
#include <utility>

#include "base/mutex.h"
#include "base/waker.h"

namespace weir {

/// How threads meet: commands and batches go in, oldest first; sending never blocks. What bounds
/// it is the epoch's budget, checked at intake (two workers pushing into each other's full queue
/// would wait for ever).
///
/// Thread: send() any; take_all() the receiver.
template <class T>
class Mailbox {
 public:
  /// `waker` is written to at each send; may be null (the simulator polls). It outlives this.
  explicit Mailbox(const Waker* waker = nullptr) : waker_(waker) {}

  void send(T message) WEIR_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      messages_.push_back(std::move(message));
    }
    if (waker_ != nullptr) waker_->wake();
  }

  /// Everything that has come, oldest first; never blocks.
  std::deque<T> take_all() WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return std::exchange(messages_, {});
  }

  bool empty() WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return messages_.empty();
  }

 private:
  const Waker* const waker_;
  Mutex mutex_;
  std::deque<T> messages_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir
