#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"

namespace weir {

/// The other way threads meet: status comes out, whole and consistent.
///
/// A lock, and not std::atomic<std::shared_ptr>: libstdc++ 12's load() gives its own lock back
/// without a release, so that a reader may still read what a writer changes (the thread sanitizer
/// says so; on x86 it goes well).
///
/// Thread: any; the last published value wins.
template <class T>
class Snapshot {
 public:
  void publish(T value) WEIR_EXCLUDES(mutex_) {
    auto newest = std::make_shared<const T>(std::move(value));
    const MutexLock lock(mutex_);
    value_.swap(newest);
  }
  /// Null before the first publish.
  std::shared_ptr<const T> read() const WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return value_;
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir
