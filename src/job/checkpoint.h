#pragma once

#include <optional>
#include <string>

namespace weir {

/// What `weir plan` says of a job that was started before.
struct Checkpoint {
  std::string place;         ///< "epoch 7", or that a process is writing it
  bool end_is_kept = false;  ///< an `end:` was resolved at the first start
};

/// What the job in `directory` has kept; nothing before its first start, or when it cannot be read.
std::optional<Checkpoint> find_checkpoint(const std::string& directory);

}  // namespace weir
