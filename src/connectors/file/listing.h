#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir::file {

struct FoundFile {
  std::string path;        ///< as the pattern says it
  std::int64_t bytes = 0;  ///< as stored, now
  bool compressed = false;
};

/// `path` as one opens it: a relative one below `directory`, which may be empty.
std::string below(const std::string& directory, const std::string& path);

/// The file that `pattern` names, or all files that match it where it holds one of `* ? [`, in the
/// order of their names as bytes. A wildcard stands for a part of one name, and never for a leading
/// dot; directories that match are passed over.
///
/// Blocks. Errors: kRetry; kStopJob with kFileMissing when the file, or the directory before the
/// first wildcard, does not exist; kFileRefused for what cannot be read.
Result<std::vector<FoundFile>> find_files(const std::string& directory, const std::string& pattern);

}  // namespace weir::file
