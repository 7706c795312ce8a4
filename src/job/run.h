#pragma once

#include <string>

#include "base/result.h"
#include "plan/plan.h"
#include "spec/job_spec.h"

namespace weir {

struct RunOptions {
  std::string job_file;
  std::string state_dir;  ///< holds <instance>/<job>/
  std::string instance;
  bool takeover = false;
};

/// Exit codes of `weir run` (job-file.md): 0 done or stopped as asked, 1 failed and worth
/// restarting, 78 configuration or a HALT that needs a person.
constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;
constexpr int kExitConfig = 78;

/// The exit code of a process that ends for `error`: 78 for a HALT and what a person must change
/// first (those have codes), 1 for what may be over by the next try.
int exit_code_of(const Error& error);

/// Runs a job in the foreground until it ends, is stopped by a signal or its marker, or fails; logs
/// what happened, and returns the exit code. A second signal gives the open epoch up, a third
/// leaves at once: nothing is lost either way. Thread: main, once per process.
int run_job(const JobSpec& job, const Plan& plan, const RunOptions& options);

}  // namespace weir
