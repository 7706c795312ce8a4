#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/waker.h"
#include "engine/lane.h"

namespace weir {

/// The status line of a job that runs on a terminal: below the log, drawn anew once a second, gone
/// with its owner.
///
/// Owned by run_job, for as long as the lane runs.
/// Thread: main makes and ends it; one of its own looks at the lane's status, which is any
/// thread's.
class StatusDisplay {
 public:
  /// Null where no status is shown (log_shows_status). `lane` outlives it.
  static std::unique_ptr<StatusDisplay> start(std::string job, const Lane& lane);
  ~StatusDisplay();

 private:
  StatusDisplay(std::string job, const Lane& lane, Waker waker);
  void show(const std::stop_token& stop) const;

  const std::string job_;
  const Lane& lane_;
  const Waker waker_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace weir
