#pragma once

#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "base/waker.h"

namespace weir::generate {

/// Wakes a worker at a time that its reader names: a thread that sleeps on a timer of the kernel,
/// and for ever while none is set.
///
/// Owned by the reader. Thread: set() the worker; no locks, the kernel's timer is the meeting
/// point.
class Alarm {
 public:
  /// `waker` outlives it. Errors: kRecover when the process is out of file descriptors.
  static Result<std::unique_ptr<Alarm>> start(const Waker& waker);
  ~Alarm();

  /// Takes the place of the time set before; one that has passed wakes at once.
  void set(MonoTime time);

 private:
  Alarm(int timer, Waker quit, const Waker& waker);

  const int timer_;
  const Waker quit_;
  std::thread thread_;
};

}  // namespace weir::generate
