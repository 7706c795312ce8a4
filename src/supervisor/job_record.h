#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/restart_policy.h"

namespace weir {

/// A process as it can be recognised after its number was given to another one.
struct ProcessId {
  std::int32_t pid = 0;
  std::uint64_t started = 0;  ///< field 22 of /proc/PID/stat: ticks since boot
  std::string boot;           ///< /proc/sys/kernel/random/boot_id

  bool operator==(const ProcessId&) const = default;
};

/// Where a job rests, over restarts of the daemon. A value.
enum class JobRest : std::uint8_t {
  kNone = 0,  ///< it is to run whenever `desired_running`
  kFinished = 1,
  kHalted = 2,
  kFailed = 3,
};

/// What the daemon keeps of one job. A value.
struct JobRecord {
  bool desired_running = true;
  JobRest rest = JobRest::kNone;
  std::string why;        ///< of `rest`, or of the last failure
  std::string last_exit;  ///< "exit 1"; empty: no process of it has ended yet
  RestartHistory history;
  std::optional<ProcessId> process;  ///< of the one that runs, or may run still
  std::string file;                  ///< of `text`
  std::string text;                  ///< the newest text of its file without a mistake

  bool operator==(const JobRecord&) const = default;
};

}  // namespace weir
