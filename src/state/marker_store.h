#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace weir {

/// That a run of the job made or found its marker, and did not stop since (job-file.md, "The
/// marker").
struct MarkerRecord {
  std::string name;          ///< which marker, as the job file has it; another one was never made
  std::string surroundings;  ///< MarkerPlace::surroundings()
  bool operator==(const MarkerRecord&) const = default;
};

/// What a job keeps of its marker, beside its lane's records.
///
/// Owned by the job's process, shared with the marker's watch. Thread: any.
class MarkerStore {
 public:
  virtual ~MarkerStore() = default;

  /// Errors: kHalt corrupt_store; kStopJob when a newer weir wrote it.
  virtual Result<std::optional<MarkerRecord>> read() = 0;
  /// With sync. Errors: kStopJob, as of the lane's own records.
  virtual Result<> put(const MarkerRecord& marker) = 0;
  virtual Result<> clear() = 0;
};

}  // namespace weir
