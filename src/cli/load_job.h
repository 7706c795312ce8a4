#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/weir_config.h"

namespace weir {

/// What every command that takes a job file takes beside it.
struct JobFlags {
  std::string config;
  std::string state_dir;
  std::string job;
  std::vector<std::string> params;
};

struct LoadedJob {
  WeirConfig config;
  std::optional<JobSpec> job;
  std::optional<Plan> plan;
  Diagnostics diagnostics;
};

/// Reads weir.yaml (--config, else $WEIR_CONFIG, else /etc/weir/weir.yaml when it is there, else
/// none) and the job file `path`. All mistakes are in `diagnostics`.
LoadedJob load_job(const JobFlags& flags, const std::string& path);

/// --state-dir, else weir.yaml's, else the user's own; empty when there is none of them.
std::string state_directory(const JobFlags& flags, const WeirConfig& config);

/// The job file with the options that were given, quoted for a shell: behind `weir run` and
/// `weir offsets` it means this job again, so commands in messages work as they are printed.
std::string job_words(const JobFlags& flags);

}  // namespace weir
