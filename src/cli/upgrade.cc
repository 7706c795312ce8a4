#include "cli/upgrade.h"

#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

#include "cli/api_answer.h"
#include "cli/daemon_client.h"
#include "job/run.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::seconds kReplacedMax{30};

// A daemon and the one that replaces it are one process; when they began tells them apart.
struct Running {
  std::string version;
  std::string began;
  int pid = 0;
};

std::optional<Running> running(const HttpFetch& answer) {
  if (answer.status != 200) return std::nullopt;
  ApiAnswer version(answer.body);
  return Running{.version = version.text(version.root(), "version"),
                 .began = version.text(version.root(), "startedAt"),
                 .pid = std::atoi(version.text(version.root(), "pid").c_str())};
}

}  // namespace

int upgrade_daemon(const JobFlags& flags) {
  const DaemonClient daemon(flags);
  if (!daemon.known()) return kExitConfig;
  const HttpFetch answer = daemon.ask("GET", "/v1/version");
  const auto before = running(answer);
  if (!before) return daemon.say_failed(answer);
  const std::string process = "process " + std::to_string(before->pid);
  if (before->pid <= 0 || kill(before->pid, SIGUSR2) != 0) {
    return fail("daemon: telling " + process + ": " + std::strerror(errno), kExitFailed);
  }
  const auto until = std::chrono::steady_clock::now() + kReplacedMax;
  while (std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kLookAgain);
    const auto now = running(daemon.ask("GET", "/v1/version"));
    if (!now || now->began == before->began) continue;
    std::printf("the daemon runs version %s now; before it was %s\n", now->version.c_str(),
                before->version.c_str());
    return kExitDone;
  }
  return fail("daemon: " + process + " was not replaced within 30 s; its log says why",
              kExitFailed);
}

}  // namespace weir
