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

/// What the daemon of a job's process has accepted, in place of what stands in its files by now.
struct GivenTexts {
  std::optional<std::string> job;
  std::optional<std::string> config;
};

struct LoadedJob {
  WeirConfig config;
  std::optional<JobSpec> job;
  std::optional<Plan> plan;
  /// Mistakes of files and, named by their flag, of --param.
  Diagnostics diagnostics;
  bool flags_are_wrong = false;
};

/// Reads weir.yaml (--config, else $WEIR_CONFIG, else /etc/weir/weir.yaml when it is there, else
/// none) and the job file `path`. All mistakes are in `diagnostics`.
LoadedJob load_job(const JobFlags& flags, const std::string& path, const GivenTexts& given = {});

/// weir.yaml alone, or the defaults without one; nothing when it has mistakes.
std::optional<WeirConfig> load_config(const JobFlags& flags, Diagnostics& diagnostics);
/// The weir.yaml `file`; nothing when it has mistakes.
std::optional<WeirConfig> read_config(const JobFlags& flags, const std::string& file,
                                      Diagnostics& diagnostics);
/// The job file alone, under a weir.yaml that was read. A --param that this job does not have is
/// no mistake here, but left out of `params_known`.
LoadedJob load_job_under(const WeirConfig& config, const JobFlags& flags, const std::string& path,
                         std::vector<std::string>& params_known,
                         const std::optional<std::string>& text = {});

/// `--param limti: the job has no such parameter` with what it may have meant.
Diagnostic unknown_param(const std::string& name, const std::vector<std::string>& known);

/// Prints the mistakes on stderr. Returns 0 when there are none, 64 when a flag is among them, else
/// 78.
int report(const LoadedJob& loaded);

/// The job file with the options that were given, quoted for a shell: behind `weir run` and
/// `weir offsets` it means this job again, so commands in messages work as they are printed.
std::string job_words(const JobFlags& flags);

}  // namespace weir
