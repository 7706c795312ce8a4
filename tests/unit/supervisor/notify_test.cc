#include "supervisor/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "supervisor/descriptor.h"
#include "support/temp_dir.h"

namespace weir {
namespace {

using std::chrono::seconds;

// What systemd is for a unit's process.
class Systemd {
 public:
  Systemd() : path_(folder_.path() + "/notify"), socket_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    REQUIRE(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~Systemd() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  // The next datagram; empty when none has come.
  std::string next() const {
    std::array<char, 4096> room{};
    const ssize_t got = recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
    return {room.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }

 private:
  const test::TempDir folder_;
  const std::string path_;
  const Descriptor socket_;
};

}  // namespace

TEST_CASE("notify: each state is one datagram") {
  const Systemd systemd;
  Notifier notifier = Notifier::from_environment();
  notifier.ready();
  CHECK_THAT(systemd.next(), Catch::Contains("READY=1"));
  notifier.reloading(MonoTime(seconds(5)));
  const std::string reloading = systemd.next();
  CHECK_THAT(reloading, Catch::Contains("RELOADING=1"));
  CHECK_THAT(reloading, Catch::Contains("MONOTONIC_USEC=5000000"));
  notifier.status("2 jobs: 2 running");
  CHECK_THAT(systemd.next(), Catch::Contains("STATUS=2 jobs: 2 running"));
  notifier.status("2 jobs: 2 running");
  CHECK(systemd.next().empty());
  notifier.stopping();
  CHECK_THAT(systemd.next(), Catch::Contains("STOPPING=1"));
  notifier.extend(seconds(20));
  CHECK_THAT(systemd.next(), Catch::Contains("EXTEND_TIMEOUT_USEC=20000000"));
}

TEST_CASE("notify: the watchdog is told twice in its time, when it is this process's") {
  const Systemd systemd;
  setenv("WATCHDOG_USEC", "30000000", 1);
  SECTION("this one") {
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    Notifier notifier = Notifier::from_environment();
    const MonoTime now(seconds(100));
    notifier.watchdog(now);
    CHECK_THAT(systemd.next(), Catch::Contains("WATCHDOG=1"));
    CHECK(notifier.watchdog_due() == now + seconds(15));
    notifier.watchdog(now + seconds(14));
    CHECK(systemd.next().empty());
    notifier.watchdog(now + seconds(15));
    CHECK_THAT(systemd.next(), Catch::Contains("WATCHDOG=1"));
  }
  SECTION("another one") {
    setenv("WATCHDOG_PID", "1", 1);
    Notifier notifier = Notifier::from_environment();
    CHECK_FALSE(notifier.watchdog_due());
    notifier.watchdog(MonoTime(seconds(100)));
    CHECK(systemd.next().empty());
  }
}

TEST_CASE("notify: without a systemd nothing is told") {
  Notifier notifier = Notifier::from_environment();
  notifier.ready();
  notifier.watchdog(MonoTime(seconds(100)));
  CHECK_FALSE(notifier.watchdog_due());
}

}  // namespace weir
