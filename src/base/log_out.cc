#include "base/log_out.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <utility>

namespace weir {
namespace {

constexpr int kPatienceMs = 1000;
// A pipe with room takes this much without waiting (pipe(7)).
constexpr std::size_t kAtOnce = PIPE_BUF;

}  // namespace

bool LogOut::has_room() const {
  pollfd look{.fd = fd_, .events = POLLOUT, .revents = 0};
  // Room also means an error that the write then meets.
  const int found = poll(&look, 1, stuck_ ? 0 : kPatienceMs);
  return found > 0 || (found < 0 && errno == EINTR);
}

void LogOut::write(std::string_view bytes) {
  bool begun = false;
  while (!bytes.empty()) {
    if (!has_room()) return leave_out(begun);
    // What comes behind a torn line stands on one of its own.
    const std::string_view next = torn_ ? "\n" : bytes.substr(0, kAtOnce);
    const ssize_t written = ::write(fd_, next.data(), next.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == EAGAIN ? leave_out(begun) : void();
    if (std::exchange(torn_, false)) continue;
    begun = true;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  stuck_ = false;
}

void LogOut::leave_out(bool begun) {
  ++left_out_;
  stuck_ = true;
  torn_ = torn_ || begun;
}

std::uint64_t LogOut::take_left_out() {
  if (left_out_ == 0 || !has_room()) return 0;
  return std::exchange(left_out_, 0);
}

}  // namespace weir
