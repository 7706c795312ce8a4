#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"

namespace weir {

/// Waits for many descriptors at once: epoll(7). Owned by the daemon's loop. Thread: that loop's.
class Poller {
 public:
  /// Errors: kStopJob when the process is out of file descriptors.
  static Result<Poller> open();
  ~Poller();
  Poller(Poller&& other) noexcept;
  Poller& operator=(Poller&&) = delete;

  /// `tag` comes back from wait() while `fd` can be read, or its other end is closed. The
  /// descriptor stays the caller's; it is taken out before it is closed. Errors: kStopJob.
  Result<> add(int fd, std::uint64_t tag);
  void remove(int fd);

  /// Blocks until something can be read, or `timeout` has passed (forever without one).
  std::vector<std::uint64_t> wait(std::optional<std::chrono::milliseconds> timeout);

 private:
  explicit Poller(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace weir
