#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "marker/place.h"

namespace weir {

/// What the system says of one path.
struct PathFacts {
  int error = 0;  ///< errno; 0: it is there
  mode_t mode = 0;
  std::uint64_t device = 0;
};

/// What one check looks at.
struct LocalFacts {
  PathFacts marker;                    ///< lstat(2)
  std::optional<PathFacts> target;     ///< stat(2), when the marker is a symbolic link
  std::optional<PathFacts> directory;  ///< stat(2) of the one it belongs in, when it is not there
};

/// `device`: of the marker's directory, when it was seen there. Pure.
MarkerCheck local_verdict(const LocalFacts& facts, std::optional<std::uint64_t> device);

/// A marker in a file system of this machine. `path` is absolute; with `directory` it is made as
/// one, but either is taken for it.
std::unique_ptr<MarkerPlace> make_local_place(const std::string& path, bool directory);

}  // namespace weir
