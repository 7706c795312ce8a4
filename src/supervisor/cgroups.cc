#include "supervisor/cgroups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "supervisor/descriptor.h"

namespace weir {
namespace {

constexpr const char* kVariable = "WEIR_CGROUP";
constexpr const char* kWayOut = "set Delegate=yes in its systemd unit";

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<> write_file(const std::string& path, const std::string& text) {
  // The kernel's are there; a directory that stands in for a group's, in a test, has none.
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    return {};
  }
  return Error{Action::kRetry, "writing \"" + text + "\" to " + path + ": " + std::strerror(errno)};
}

Result<> make_group(const std::string& path) {
  if (mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return Error{Action::kRetry, "making the control group " + path + ": " + std::strerror(errno)};
}

bool is_ours(const std::string& directory) {
  std::array<char, 2> mark{};
  if (getxattr(directory.c_str(), "user.delegate", mark.data(), mark.size()) == 1) {
    return mark[0] == '1';
  }
  struct stat found {};
  // Root may write everywhere, so that says nothing.
  return geteuid() != 0 && stat(directory.c_str(), &found) == 0 && found.st_uid == geteuid() &&
         access((directory + "/cgroup.subtree_control").c_str(), W_OK) == 0;
}

// Where cgroup v2 is mounted, alone or beside v1.
std::string mount_point() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    if (access((std::string(path) + "/cgroup.controllers").c_str(), R_OK) == 0) return path;
  }
  return {};
}

}  // namespace

CgroupPlace find_cgroup() {
  if (const char* const named = std::getenv(kVariable); named != nullptr) return {named, {}};
  const std::string mount = mount_point();
  const auto path = unified_path(read_all("/proc/self/cgroup"));
  if (mount.empty() || !path) return {{}, "there is no cgroup v2 here"};
  std::string own = mount + *path;
  // The daemon before has moved this process, which it then replaced.
  constexpr std::string_view kDaemon = "/daemon";
  if (own.ends_with(kDaemon) && is_ours(own.substr(0, own.size() - kDaemon.size()))) {
    own.resize(own.size() - kDaemon.size());
  }
  if (is_ours(own)) return {own, {}};
  return {{}, "the daemon's control group is not its own to divide: " + std::string(kWayOut)};
}

Cgroups Cgroups::open(const CgroupPlace& place) {
  Cgroups groups;
  if (place.directory.empty()) {
    groups.shortcoming_ = place.why_not;
  } else if (const Result<> divided = groups.divide(place.directory); !divided) {
    groups.shortcoming_ = divided.error().message();
  } else {
    groups.directory_ = place.directory;
    for (const char* controller : {"cpu", "memory"}) {
      if (groups.controllers_.contains(controller)) continue;
      groups.shortcoming_ += (groups.shortcoming_.empty() ? "" : ", and ") +
                             ("the control group has no controller \"" + std::string(controller)) +
                             "\"";
    }
  }
  if (!groups.shortcoming_.empty()) {
    log(LogLevel::kInfo, "limits.cpu and the hard cap of limits.memory are not kept" +
                             std::string(groups.controllers_.empty() ? "" : " in full") + ": " +
                             groups.shortcoming_);
  }
  return groups;
}

Result<> Cgroups::divide(const std::string& directory) {
  const std::string daemon = directory + "/daemon";
  WEIR_TRY(make_group(daemon));
  // Processes of a daemon that knew no groups are there too.
  std::istringstream processes(read_all(directory + "/cgroup.procs"));
  for (std::string pid; processes >> pid;) {
    if (pid == "0") continue;  // of another namespace
    // One that has ended meanwhile cannot be moved, and needs not.
    (void)write_file(daemon + "/cgroup.procs", pid);
  }
  WEIR_TRY(write_file(daemon + "/cgroup.procs", std::to_string(getpid())));
  CgroupControllers controllers = usable_controllers(read_all(directory + "/cgroup.controllers"));
  WEIR_TRY(make_group(directory + "/jobs"));
  for (const std::string& parent : {directory, directory + "/jobs"}) {
    if (controllers.empty()) break;
    WEIR_TRY(write_file(parent + "/cgroup.subtree_control", enabling(controllers)));
  }
  controllers_ = std::move(controllers);
  return {};
}

void Cgroups::take(const std::string& job, std::int32_t pid, const LimitsSpec& limits) {
  if (directory_.empty()) return;
  const std::string group = directory_of(job);
  Result<> done = make_group(group);
  for (const CgroupFile& file : cgroup_files(limits, controllers_)) {
    if (done) done = write_file(group + "/" + file.name, file.text);
  }
  taken_[job] = {limits, events_of(job)};
  if (done) done = write_file(group + "/cgroup.procs", std::to_string(pid));
  if (done) return;
  log(LogLevel::kWarn, LogContext{.job = job, .lane = {}, .epoch = {}},
      "its limits are not kept: " + done.error().message());
}

MemoryEvents Cgroups::events_of(const std::string& job) const {
  return read_memory_events(read_all(directory_of(job) + "/memory.events"));
}

std::string Cgroups::memory_end(const std::string& job) const {
  const auto taken = taken_.find(job);
  if (taken == taken_.end()) return {};
  return oom_words(taken->second.limits, taken->second.before, events_of(job));
}

void Cgroups::remove(const std::string& job) {
  if (taken_.erase(job) != 0) rmdir(directory_of(job).c_str());
}

}  // namespace weir
