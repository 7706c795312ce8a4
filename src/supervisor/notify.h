#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace weir {

/// What the daemon tells systemd, and systemd waits for: sd_notify(3)'s protocol, one datagram of
/// `NAME=value` lines to $NOTIFY_SOCKET. Its library would bring five more into every process, for
/// these few lines. Without a systemd nothing is told.
///
/// Owned by the daemon. Thread: the daemon's loop.
class Notifier {
 public:
  /// From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID. They stay in the environment, for the
  /// daemon that replaces this one.
  static Notifier from_environment();

  void ready();
  void reloading(MonoTime now);
  void stopping();
  /// For `systemctl status`; told only when it is another text than before.
  void status(const std::string& text);
  /// The stop may take so long from now.
  void extend(std::chrono::microseconds by);

  /// Tells that the loop turns, when it is due: twice in each WatchdogSec.
  void watchdog(MonoTime now);
  std::optional<MonoTime> watchdog_due() const { return watchdog_due_; }

 private:
  void tell(std::string_view lines) const;

  std::string socket_;  // empty: nobody to tell
  std::string status_;
  std::optional<std::chrono::microseconds> watchdog_every_;
  std::optional<MonoTime> watchdog_due_;
};

}  // namespace weir
