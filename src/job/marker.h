#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "marker/watch.h"
#include "spec/job_spec.h"
#include "state/marker_store.h"

namespace weir {

/// The place that `marker` names; it is not kNone. `clock` outlives it.
/// Errors: kStopJob when the machine lacks what it needs.
Result<std::unique_ptr<MarkerPlace>> make_marker_place(const MarkerSpec& marker,
                                                       const Clock& clock);

/// Watches a job's marker. That it was made or found is kept in `store`, so that the next start
/// knows a deletion of meanwhile; whoever sees the job stop clears it. Null when the job has no
/// marker. `clock` outlives the watch, `changed` is called on its thread.
/// Errors: those of the store; kStopJob.
Result<std::unique_ptr<MarkerWatch>> watch_marker(const MarkerSpec& marker,
                                                  const std::shared_ptr<MarkerStore>& store,
                                                  const Clock& clock,
                                                  std::function<void(MarkerWord)> changed);

}  // namespace weir
