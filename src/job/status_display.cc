#include "job/status_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <utility>

#include "base/log.h"
#include "job/status_line.h"

namespace weir {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kRedrawEvery{1};
// Numbers move at commits: over several of them a rate stands still enough to be read.
constexpr std::chrono::seconds kRateOver{5};

struct Look {
  steady_clock::time_point at;
  LaneStatus status;
};

std::size_t terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::unique_ptr<StatusDisplay> StatusDisplay::start(std::string job, const Lane& lane) {
  if (!log_shows_status()) return nullptr;
  Result<Waker> waker = Waker::open();
  if (!waker) return nullptr;
  return std::unique_ptr<StatusDisplay>(new StatusDisplay(std::move(job), lane, std::move(*waker)));
}

StatusDisplay::StatusDisplay(std::string job, const Lane& lane, Waker waker)
    : job_(std::move(job)),
      lane_(lane),
      waker_(std::move(waker)),
      thread_([this](const std::stop_token& stop) { show(stop); }) {}

StatusDisplay::~StatusDisplay() {
  thread_.request_stop();
  waker_.wake();
  thread_.join();
  log_status({});
}

void StatusDisplay::show(const std::stop_token& stop) const {
  std::deque<Look> looks;
  while (!stop.stop_requested()) {
    if (const std::shared_ptr<const LaneStatus> status = lane_.status()) {
      looks.push_back({steady_clock::now(), *status});
      // One look at least as old as kRateOver, as soon as there is one.
      while (looks.size() > 2 && looks.back().at - looks[1].at >= kRateOver) looks.pop_front();
      const Look& before = looks.front();
      const Look& now = looks.back();
      log_status(
          status_line(job_, before.status, now.status,
                      std::chrono::duration_cast<std::chrono::microseconds>(now.at - before.at),
                      terminal_width()));
    }
    waker_.wait(kRedrawEvery);
  }
}

}  // namespace weir
