#include "base/waker.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace weir {

Result<Waker> Waker::open() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    return Error{Action::kStopJob, std::string("cannot make an eventfd: ") + std::strerror(errno)};
  }
  return Waker(fd);
}

Waker::~Waker() {
  if (fd_ >= 0) close(fd_);
}

Waker::Waker(Waker&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Waker& Waker::operator=(Waker&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Waker::wake() const {
  const std::uint64_t one = 1;
  // EAGAIN means that the counter is full: the sleeper is being woken already.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

bool Waker::wait(std::optional<std::chrono::milliseconds> timeout) const {
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  const int milliseconds = timeout ? static_cast<int>(timeout->count()) : -1;
  if (poll(&waiting, 1, milliseconds) <= 0) return false;
  std::uint64_t count = 0;
  return read(fd_, &count, sizeof count) > 0;
}

}  // namespace weir
