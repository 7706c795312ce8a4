#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace weir {

/// A file descriptor and who closes it. Thread: its owner's.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  /// It outlives an execve(2), or no longer does.
  void keep_over_exec(bool keep) const { fcntl(fd_, F_SETFD, keep ? 0 : FD_CLOEXEC); }

 private:
  int fd_ = -1;
};

}  // namespace weir
