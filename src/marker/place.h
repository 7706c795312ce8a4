#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "marker/rules.h"

namespace weir {

/// What one check says, and why where it is not simply there.
struct MarkerCheck {
  MarkerVerdict verdict = MarkerVerdict::kUnknown;
  std::string why = {};  ///< of kUnknown, for a person
  /// No marker can ever be there, such as at a path that names a FIFO: a person must change it.
  bool unusable = false;
};

/// Where a marker is kept: one file or directory.
///
/// Owned by its watch, or by `weir marker`. Thread: its owner's, which may stay inside of a call
/// for as long as the place's total time-out; a local file system that hangs has none.
class MarkerPlace {
 public:
  virtual ~MarkerPlace() = default;

  /// As the job file has it, for messages.
  virtual const std::string& name() const = 0;
  virtual MarkerCheck check() = 0;
  /// Makes it; done when it is there already. Errors: kRetry.
  virtual Result<> create() = 0;
  /// Removes it; false when it was not there. Errors: kRetry.
  virtual Result<bool> remove() = 0;

  /// What must hold of the place while the marker is there, such as the device of its directory: a
  /// run that finds it changed cannot tell whether the marker is gone. For remember() of the next
  /// run; empty when there is nothing.
  virtual std::string surroundings() const { return {}; }
  virtual void remember(const std::string& /*surroundings*/) {}
  /// Has a call that another thread is in return soon; best effort. Thread: any.
  virtual void cancel() {}
};

}  // namespace weir
