#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace weir {

/// A job's directory seen from outside, for `weir offsets JOB show`: nothing is made or changed.
///
/// While it is held, and nobody else holds the directory, no other process can take its lock; so
/// it is read quickly and let go. Thread: any, immutable.
class JobDirectoryView {
 public:
  /// Errors: kStopJob when the directory is there and cannot be read.
  static Result<std::unique_ptr<JobDirectoryView>> open(const std::string& path);
  ~JobDirectoryView();
  JobDirectoryView(const JobDirectoryView&) = delete;
  JobDirectoryView& operator=(const JobDirectoryView&) = delete;

  /// No job has used it yet.
  bool is_new() const { return lock_ < 0; }
  /// "process 12 (weir run clicks.yaml)" of the one that holds the lock; empty when it is free.
  const std::string& holder() const { return holder_; }

 private:
  JobDirectoryView(int lock, std::string holder) : lock_(lock), holder_(std::move(holder)) {}
  const int lock_;
  const std::string holder_;
};

/// `<state_dir>/<instance>/<job>/`, with its lock file held: one process per job directory.
///
/// Owned by the job's process for its whole life; the kernel drops the lock when it dies.
/// Thread: any, immutable.
class JobDirectory {
 public:
  /// Makes the directory (0700) and takes the lock, trying again every 100 ms until `wait` has
  /// passed, as a restarted job's predecessor may still be dying, or until `pause`, which sleeps
  /// so long, answers false.
  /// Errors: kRetry with kStateInUse, naming the process that holds it; kStopJob for anything that
  /// a person must mend, such as a read-only file system.
  static Result<std::unique_ptr<JobDirectory>> open(
      const std::string& path, std::chrono::milliseconds wait,
      const std::function<bool(std::chrono::milliseconds)>& pause);
  ~JobDirectory();
  JobDirectory(const JobDirectory&) = delete;
  JobDirectory& operator=(const JobDirectory&) = delete;

  std::string store_path() const { return path_ + "/db"; }

 private:
  JobDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  const std::string path_;
  const int lock_;
};

}  // namespace weir
