#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/waker.h"

namespace weir {

/// How other threads have the daemon's loop do something, and wait for its answer.
///
/// Owned by the daemon. Thread: ask() any but the loop's; the rest the loop's.
class CommandQueue {
 public:
  /// `waker` is written to for each command, and outlives it.
  explicit CommandQueue(const Waker& waker) : waker_(waker) {}

  /// Blocks until the loop has run `command`. Errors: kRetry when the loop has ended; its own.
  template <class T>
  Result<T> ask(std::function<Result<T>()> command) {
    auto answer = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> answered = answer->get_future();
    if (!send([answer, command = std::move(command)] { answer->set_value(command()); })) {
      return Error{Action::kRetry, "the daemon has ended"};
    }
    return answered.get();
  }

  /// Runs what has come.
  void run_all() { run(take(false)); }
  /// The same, and nothing is taken any more.
  void close() { run(take(true)); }

 private:
  using Command = std::function<void()>;

  bool send(Command command) WEIR_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      if (closed_) return false;
      commands_.push_back(std::move(command));
    }
    waker_.wake();
    return true;
  }
  std::vector<Command> take(bool last) WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    closed_ |= last;
    return std::exchange(commands_, {});
  }
  static void run(const std::vector<Command>& commands) {
    for (const Command& command : commands) command();
  }

  const Waker& waker_;
  Mutex mutex_;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
  std::vector<Command> commands_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir
