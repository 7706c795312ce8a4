#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace weir {

/// The bytes of a file, at most `bytes_max`. Blocks on the file system.
/// Errors: kStopJob with the reason alone ("No such file or directory", "it is a directory").
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace weir
