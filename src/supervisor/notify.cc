#include "supervisor/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "supervisor/descriptor.h"

namespace weir {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Notifier Notifier::from_environment() {
  Notifier notifier;
  notifier.socket_ = variable("NOTIFY_SOCKET");
  const std::string for_process = variable("WATCHDOG_PID");
  const long long microseconds = std::atoll(variable("WATCHDOG_USEC").c_str());
  const bool ours = for_process.empty() || for_process == std::to_string(getpid());
  if (!notifier.socket_.empty() && ours && microseconds > 0) {
    notifier.watchdog_every_ = std::chrono::microseconds(microseconds / 2);
    notifier.watchdog_due_ = MonoTime{};
  }
  return notifier;
}

void Notifier::tell(std::string_view lines) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  // The abstract namespace: its names begin with a zero byte, written as '@'.
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const Descriptor out(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  sendto(out.get(), lines.data(), lines.size(), MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address), size);
}

void Notifier::ready() { tell("READY=1"); }

void Notifier::reloading(MonoTime now) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us.count()));
}

void Notifier::stopping() { tell("STOPPING=1"); }

void Notifier::status(const std::string& text) {
  if (text == status_) return;
  status_ = text;
  tell("STATUS=" + text);
}

void Notifier::extend(std::chrono::microseconds by) {
  tell("EXTEND_TIMEOUT_USEC=" + std::to_string(by.count()));
}

void Notifier::watchdog(MonoTime now) {
  if (!watchdog_due_ || *watchdog_due_ > now) return;
  tell("WATCHDOG=1");
  watchdog_due_ = now + *watchdog_every_;
}

}  // namespace weir
