#pragma once

#include "base/result.h"
#include "engine/lane.h"
#include "plan/plan.h"
#include "spec/job_spec.h"
#include "spec/weir_config.h"

namespace weir {

struct BuildOptions {
  const Clock& clock;    ///< of what the job generates; outlives the lane
  std::string job_file;  ///< as the user named it
  bool takeover = false;
};

/// Turns a plan into live objects; the only place that names concrete sources, operators and
/// sinks. `job` and `plan` outlive the lane. Errors: kStopJob.
Result<LaneParts> build_lane(const JobSpec& job, const Plan& plan, const std::string& instance,
                             std::unique_ptr<EpochStore> store, const BuildOptions& options);

}  // namespace weir
