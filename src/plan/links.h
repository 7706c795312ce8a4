#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "spec/diagnostics.h"
#include "spec/job_spec.h"

namespace weir {

/// The one that takes the rows of a source or step.
struct Taker {
  bool is_step = false;
  std::size_t index = 0;  ///< into JobSpec::steps or sinks
};

/// Who takes whose rows: steps in the file's order unless `from:` says otherwise. In this version
/// every source and step has exactly one taker, so a job is a set of chains.
///
/// Thread: any, immutable.
struct Links {
  std::map<std::string, Taker> takers;  ///< by the name of who is taken from
  /// Of the steps, by index: their ids, or a name that stands for one whose id is missing or taken.
  std::vector<std::string> step_names;
};

/// Finds the links; what does not fit together goes to `diagnostics`.
Links find_links(const JobSpec& job, Diagnostics& diagnostics);

}  // namespace weir
