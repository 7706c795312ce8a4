#pragma once

#include <map>
#include <string>
#include <vector>

#include "supervisor/control.h"
#include "supervisor/job_text.h"
#include "supervisor/jobs_directory.h"

namespace weir {

/// A job that the daemon has, as a reload sees it.
struct KnownJob {
  std::string name;
  std::string file;
  std::string text;
  std::uint64_t meaning = 0;
};

/// What a reload does. A value.
struct ReloadPlan {
  std::vector<ReloadStep> steps;  ///< by job, then file
  std::vector<DaemonReport::Problem> problems;
  std::map<std::string, JobText> texts;  ///< of the jobs that start, restart, or get a new text
  std::map<std::string, std::string> pending;  ///< job -> why its file does not run yet
};

/// Compares what is known with what was found. A file with a mistake, or that cannot be read,
/// changes nothing of the job that it belongs to; of two files that name one job, the one that it
/// runs from goes on to be it, and where none does, neither is. Pure.
///
/// `read` has one entry for each of `found` that could be read, by path.
ReloadPlan plan_reload(const std::vector<KnownJob>& known, const std::vector<FoundFile>& found,
                       std::map<std::string, JobText> read);

}  // namespace weir
