#include "job/stops.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/waker.h"
#include "job/run.h"

namespace weir {
namespace {

std::atomic<Lane*> running = nullptr;
std::atomic<bool> asked = false;
std::atomic<bool> told = false;  // the lane was
std::atomic<int> signals = 0;
const Waker* starter = nullptr;  // made before the handlers; they may run until the process is gone

void tell_lane() {
  Lane* const lane = running.load();
  if (lane != nullptr && asked && !told.exchange(true)) lane->request_stop();
}

// Async-signal-safe: atomics, eventfds, _exit.
void on_signal(int /*number*/) {
  const int interrupted = errno;  // whoever was interrupted may be about to read it
  if (signals.fetch_add(1) == 0) {
    ask_for_stop();
  } else if (Lane* const lane = running.load()) {
    lane->request_stop();
  } else {
    _exit(kExitDone);
  }
  errno = interrupted;
}

}  // namespace

Result<> catch_stops() {
  WEIR_ASSIGN(Waker opened, Waker::open());
  starter = new Waker(std::move(opened));
  struct sigaction action {};
  action.sa_handler = &on_signal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // A limit on the size of files (ulimit -f, LimitFSIZE=) is then an error of the write, as a full
  // disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  return {};
}

void ask_for_stop() {
  asked = true;
  tell_lane();
  wake_starter();
}

bool stop_was_asked() { return asked; }

void wait_for_stop_or_wake(std::optional<std::chrono::milliseconds> timeout) {
  starter->wait(timeout);
}

void wake_starter() { starter->wake(); }

void attach_stops(Lane& lane) {
  running = &lane;
  tell_lane();
}

void detach_stops() { running = nullptr; }

}  // namespace weir
