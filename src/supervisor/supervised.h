#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/waker.h"
#include "job/run.h"
#include "supervisor/descriptor.h"

namespace weir {

/// A job's process, as its side of what ties it to its daemon (child.h): beats every 5 s for as
/// long as the job's coordinator turns, tells how it ended, and has the job drain when the daemon
/// is gone.
///
/// Owned by the command that runs the job. Thread: main; one of its own beats and listens.
class Supervised final : public RunWatcher {
 public:
  /// Null when this process has no daemon: $WEIR_SUPERVISOR is not set. Takes it out of the
  /// environment. Errors: kStopJob when it is not what a daemon sets.
  static Result<std::unique_ptr<Supervised>> from_environment(std::string version);
  ~Supervised() override;

  /// The texts that the daemon accepted, once.
  Result<std::string> job_text() const;
  /// Nothing when the daemon has no weir.yaml.
  Result<std::optional<std::string>> config_text() const;

  void on_marker(MarkerWatch& marker) override;
  void on_lane(Lane& lane) override;
  void on_lane_gone() override;
  void on_end(RunEnd end, int exit_code, const std::string& why) override;

 private:
  Supervised(std::string version, Waker waker)
      : version_(std::move(version)), waker_(std::move(waker)) {}
  void listen(const std::stop_token& stop);
  std::chrono::milliseconds next_beat() const WEIR_EXCLUDES(mutex_);
  void beat() WEIR_EXCLUDES(mutex_);
  void tell(const std::string& line) WEIR_EXCLUDES(mutex_);

  const std::string version_;
  const Waker waker_;  // the thread's; woken to end it
  Descriptor life_, report_, job_, config_;

  mutable Mutex mutex_;
  MarkerWatch* marker_ WEIR_GUARDED_BY(mutex_) = nullptr;  // until a lane is there
  Lane* lane_ WEIR_GUARDED_BY(mutex_) = nullptr;
  std::uint64_t turns_ WEIR_GUARDED_BY(mutex_) = 0;  // of the lane, at the last beat
  LaneState state_ WEIR_GUARDED_BY(mutex_) = LaneState::kStarting;
  int looks_ WEIR_GUARDED_BY(mutex_) = 0;  // beats since its lane began, while it starts
  std::jthread thread_;                    // last: it uses the others
};

}  // namespace weir
