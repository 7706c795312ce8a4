#pragma once

#include <cstddef>
#include <set>

#include "base/mutex.h"
#include "base/waker.h"

namespace weir::file {

/// Lets a few of many files be read at a time, so that ten thousand of them need neither as many
/// file descriptors nor as much memory.
///
/// Shared by the readers of one assignment. Thread: any: readers of several workers meet here, and
/// only when a file begins or ends, hence a lock.
class Turns {
 public:
  explicit Turns(std::size_t files_max) : left_(files_max) {}

  /// False when it is not this reader's turn: `waker` is written to when it may be.
  bool take(const Waker& waker) WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (left_ == 0) {
      waiting_.insert(&waker);
      return false;
    }
    --left_;
    return true;
  }
  void give_back() WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    ++left_;
    for (const Waker* const waker : waiting_) waker->wake();
    waiting_.clear();
  }

 private:
  Mutex mutex_;
  std::size_t left_ WEIR_GUARDED_BY(mutex_);
  std::set<const Waker*> waiting_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::file
