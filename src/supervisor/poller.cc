#include "supervisor/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir {

Result<Poller> Poller::open() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return Error{Action::kStopJob, std::string("epoll_create: ") + std::strerror(errno)};
  return Poller(fd);
}

Poller::~Poller() {
  if (fd_ >= 0) close(fd_);
}

Poller::Poller(Poller&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Result<> Poller::add(int fd, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return Error{Action::kStopJob, std::string("epoll_ctl: ") + std::strerror(errno)};
  }
  return {};
}

void Poller::remove(int fd) { epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr); }

std::vector<std::uint64_t> Poller::wait(std::optional<std::chrono::milliseconds> timeout) {
  constexpr std::chrono::milliseconds kLongest{24 * 3600 * 1000};
  const int ms =
      timeout
          ? static_cast<int>(std::clamp(*timeout, std::chrono::milliseconds(0), kLongest).count())
          : -1;
  std::array<epoll_event, 64> events{};
  const int ready = epoll_wait(fd_, events.data(), static_cast<int>(events.size()), ms);
  std::vector<std::uint64_t> tags;
  for (int i = 0; i < ready; ++i) tags.push_back(events[static_cast<std::size_t>(i)].data.u64);
  return tags;
}

}  // namespace weir
