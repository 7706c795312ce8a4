#pragma once

#include <condition_variable>
#include <mutex>

// Notes for clang's -Wthread-safety; empty under GCC.
#if defined(__clang__)
#define WEIR_THREAD_NOTE(x) __attribute__((x))
#else
#define WEIR_THREAD_NOTE(x)
#endif
#define WEIR_GUARDED_BY(mutex) WEIR_THREAD_NOTE(guarded_by(mutex))
#define WEIR_REQUIRES(mutex) WEIR_THREAD_NOTE(requires_capability(mutex))
#define WEIR_EXCLUDES(mutex) WEIR_THREAD_NOTE(locks_excluded(mutex))

namespace weir {

/// std::mutex with the notes that libstdc++'s lacks.
class WEIR_THREAD_NOTE(capability("mutex")) Mutex {
 public:
  void lock() WEIR_THREAD_NOTE(acquire_capability()) { mutex_.lock(); }
  void unlock() WEIR_THREAD_NOTE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope. It is a BasicLockable too, for CondVar.
class WEIR_THREAD_NOTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) WEIR_THREAD_NOTE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() WEIR_THREAD_NOTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits on a Mutex that the caller holds: `while (!ready) cond.wait(mutex_);`
using CondVar = std::condition_variable_any;

}  // namespace weir
