#pragma once

#include <map>
#include <optional>
#include <string>

namespace weir {

/// What `weir plan` says of a job that was started before.
struct Checkpoint {
  std::string place;  ///< "epoch 7", or that a process is writing it
  /// Where Kafka sources end, as resolved at the first start: "t/0=100 and 3 more" by source.
  std::map<std::string, std::string> ends = {};
};

/// What the job in `directory` has kept; nothing before its first start, or when it cannot be read.
std::optional<Checkpoint> find_checkpoint(const std::string& directory);

}  // namespace weir
