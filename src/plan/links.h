#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "spec/diagnostics.h"
#include "spec/job_spec.h"

namespace weir {

/// The one whose rows a step or sink takes.
struct Giver {
  bool is_step = false;
  std::size_t index = 0;  ///< into JobSpec::steps or sources
  std::size_t port = 0;   ///< of a route: the entry
};

/// Who takes whose rows: those of the step before unless `from:`, a `union` or a `route` says
/// otherwise. A step takes from sources and earlier steps only, so there are no cycles.
///
/// Thread: any, immutable.
struct Links {
  /// By index of the step or sink; none where a mistake was reported.
  std::vector<std::vector<Giver>> of_steps;
  std::vector<std::vector<Giver>> of_sinks;
};

/// Finds the links; what does not fit together goes to `diagnostics`.
Links find_links(const JobSpec& job, Diagnostics& diagnostics);

}  // namespace weir
