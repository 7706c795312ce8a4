#include "supervisor/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace weir {

OpenFiles open_files_of_daemon(OpenFiles given) { return {given.hard, given.hard}; }

OpenFiles open_files_of_job(OpenFiles given, bool supervised) {
  const std::uint64_t wanted = std::min(given.hard, kOpenFilesOfJob);
  return {supervised ? wanted : std::max(given.soft, wanted), given.hard};
}

std::size_t processes_max(OpenFiles daemon) {
  return daemon.soft <= kOpenFilesOfDaemon ? 0
                                           : (daemon.soft - kOpenFilesOfDaemon) / kOpenFilesPerJob;
}

std::string open_files_shortage(OpenFiles daemon, std::size_t jobs) {
  const std::size_t room = processes_max(daemon);
  if (jobs <= room) return {};
  return "the daemon may have " + std::to_string(daemon.soft) + " files open, which is room for " +
         std::to_string(room) + " processes of " + std::to_string(jobs) +
         " jobs: raise the hard limit to " +
         std::to_string(kOpenFilesOfDaemon + jobs * kOpenFilesPerJob) +
         " or more, by LimitNOFILE= of its systemd unit or `ulimit -Hn`, and start it again";
}

OpenFiles open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return {limit.rlim_cur, limit.rlim_max};
}

void set_open_files(OpenFiles limits) {
  const rlimit limit{limits.soft, limits.hard};
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace weir
