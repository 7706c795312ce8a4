#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"

namespace weir {

/// One eventfd that a thread sleeps on: its mailbox and its partition queues write to it. The
/// sleeper empties all of them before it waits again, so a wake-up is never lost.
///
/// Owned by the thread that waits, outlives everything that wakes it.
/// Thread: wake() and fd() any; wait() the owner.
class Waker {
 public:
  /// Errors: kStopJob when the process is out of file descriptors.
  static Result<Waker> open();
  ~Waker();
  Waker(Waker&& other) noexcept;
  Waker& operator=(Waker&& other) noexcept;

  void wake() const;
  /// Blocks until woken or `timeout` has passed (forever without one). True when woken.
  bool wait(std::optional<std::chrono::milliseconds> timeout) const;
  /// For librdkafka, which writes eight bytes to it (rd_kafka_queue_io_event_enable).
  int fd() const { return fd_; }

 private:
  explicit Waker(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace weir
