#include "connectors/generate/alarm.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weir::generate {
namespace {

void ring(int timer, const Waker& quit, const Waker& waker) {
  while (true) {
    pollfd waiting[] = {{.fd = timer, .events = POLLIN, .revents = 0},
                        {.fd = quit.fd(), .events = POLLIN, .revents = 0}};
    if (poll(waiting, 2, -1) < 0) continue;  // EINTR
    if (waiting[1].revents != 0) return;
    std::uint64_t times = 0;
    // Nothing to read when set() was faster.
    if (read(timer, &times, sizeof times) > 0) waker.wake();
  }
}

}  // namespace

Result<std::unique_ptr<Alarm>> Alarm::start(const Waker& waker) {
  WEIR_ASSIGN(Waker quit, Waker::open());
  // What steady_clock counts by.
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer < 0) {
    return Error{Action::kRecover, std::string("cannot make a timer: ") + std::strerror(errno)};
  }
  return std::unique_ptr<Alarm>(new Alarm(timer, std::move(quit), waker));
}

Alarm::Alarm(int timer, Waker quit, const Waker& waker)
    : timer_(timer),
      quit_(std::move(quit)),
      thread_([this, &waker] { ring(timer_, quit_, waker); }) {}

Alarm::~Alarm() {
  quit_.wake();
  thread_.join();
  close(timer_);
}

void Alarm::set(MonoTime time) {
  using std::chrono::nanoseconds;
  // 0 would switch the timer off.
  const auto since =
      std::max(std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()), nanoseconds(1));
  itimerspec at{};
  at.it_value.tv_sec = since.count() / 1'000'000'000;
  at.it_value.tv_nsec = since.count() % 1'000'000'000;
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr);
}

}  // namespace weir::generate
