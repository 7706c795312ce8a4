#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weir {

/// A job file as it was found.
struct FoundFile {
  std::string path;
  std::string text;
  std::string unreadable;  ///< why there is no text, for a person; else empty
};

/// The files `*.yaml` and `*.yml` of `directory`, by name; hidden ones, such as those that editors
/// leave, are no jobs. Each is whole as of one moment, or unreadable: one that changes while it is
/// read is read again. Blocks on the file system, never on a FIFO.
/// Errors: kRetry when the directory itself cannot be read; then nothing is known of any job.
Result<std::vector<FoundFile>> read_jobs_directory(const std::string& directory);

}  // namespace weir
