#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "supervisor/cgroup_limits.h"

namespace weir {

/// Where the daemon's control group is, and whether it is the daemon's to divide. A value.
struct CgroupPlace {
  std::string directory;  ///< below the mount of cgroup v2; empty: not to be divided
  std::string why_not;    ///< why not, and what to do; empty with a directory
};

/// This process's group, when systemd has delegated it (`Delegate=yes` sets the mark user.delegate)
/// or the user of this process owns it. $WEIR_CGROUP names one in its place, for a container whose
/// manager does neither. Thread: any.
CgroupPlace find_cgroup();

/// The control groups of the daemon, `daemon/` below its own, and of its jobs, `jobs/<job>/`: they
/// keep `limits.cpu`, and a hard cap of memory. Where there is none, jobs run without.
///
/// A group outlives its process, and is made anew or taken over by the next; it goes with its job,
/// or with the daemon's own, which systemd removes.
///
/// Owned by the daemon's table. Thread: the daemon's loop.
class Cgroups {
 public:
  /// Makes the groups and moves this process into `daemon/`: one that has groups with controllers
  /// below it may hold no process. Where that fails, says so once, in the log, and is off.
  static Cgroups open(const CgroupPlace& place);

  /// Why limits are not kept, or not all of them; empty when they are.
  const std::string& shortcoming() const { return shortcoming_; }

  /// Moves the job's process into its group, made with these limits. What fails is told in the log:
  /// the job runs without.
  void take(const std::string& job, std::int32_t pid, const LimitsSpec& limits);
  /// Why the job's process ended, when the kernel ended it for want of memory; else empty.
  std::string memory_end(const std::string& job) const;
  void remove(const std::string& job);

 private:
  Result<> divide(const std::string& directory);
  MemoryEvents events_of(const std::string& job) const;
  std::string directory_of(const std::string& job) const { return directory_ + "/jobs/" + job; }

  std::string directory_;  // empty: off
  CgroupControllers controllers_;
  std::string shortcoming_;
  struct Taken {
    LimitsSpec limits;
    MemoryEvents before;
  };
  std::map<std::string, Taken> taken_;  // by job
};

}  // namespace weir
