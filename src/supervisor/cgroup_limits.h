#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "spec/weir_config.h"

namespace weir {

/// What limits a process's control group (cgroup v2), as pure functions; cgroups.h writes it.

/// "memory", "cpu".
using CgroupControllers = std::set<std::string>;

/// A file of a control group, and what is to be written into it. A value.
struct CgroupFile {
  std::string name;
  std::string text;

  bool operator==(const CgroupFile&) const = default;
};

/// Where the kernel ends a job's process: what `limits.memory` counts, keys and values, as much
/// again for what librdkafka keeps with them, and 128 MiB for the program, its threads' stacks, and
/// the pages of files that it has just written.
std::uint64_t memory_cap(const LimitsSpec& limits);

/// The files of a job's group that say its limits, and that nothing else limits it, whatever they
/// said before. A controller that is not there has no file.
///
/// No memory.high: a process that the kernel slows down at every page looks like one that hangs,
/// and is killed for that with a wrong reason.
std::vector<CgroupFile> cgroup_files(const LimitsSpec& limits,
                                     const CgroupControllers& controllers);

/// Of those that a `cgroup.controllers` lists, the ones that weir uses.
CgroupControllers usable_controllers(std::string_view listed);
/// "+cpu +memory", for a `cgroup.subtree_control`.
std::string enabling(const CgroupControllers& controllers);

/// The group's path in /proc/PID/cgroup, such as "/system.slice/weir.service"; nothing without
/// cgroup v2.
std::optional<std::string> unified_path(std::string_view proc_cgroup);

/// Of a group's `memory.events`, counted since the group was made. A value.
struct MemoryEvents {
  std::uint64_t limit_hits = 0;  ///< `oom`: it had no more room below its own limit
  std::uint64_t kills = 0;  ///< `oom_kill`: processes of it that the kernel ended, also for others
};
MemoryEvents read_memory_events(std::string_view text);

/// Why the group's process ended and what to do, when the kernel ended one for want of memory
/// between the two; else empty.
std::string oom_words(const LimitsSpec& limits, const MemoryEvents& before,
                      const MemoryEvents& after);

}  // namespace weir
