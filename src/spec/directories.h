#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "spec/weir_config.h"

namespace weir {

/// `path` as it is when it is absolute, else taken from the directory of `file`; absolute, unless
/// the working directory is gone.
std::string absolute_beside(std::string_view file, std::string_view path);

/// `$XDG_STATE_HOME/weir`, else `$HOME/.local/state/weir`; nothing when neither is set.
std::optional<std::string> default_state_dir();

/// Where a weir of these settings keeps what; every path absolute.
struct Directories {
  std::string state;  ///< holds <instance>/<job>/
  std::string jobs;   ///< empty without a weir.yaml that could stand beside it
  std::string logs;
  std::string runtime;  ///< sockets
  std::string socket;   ///< the daemon's

  /// The socket of a job's process. Where its name is too long for a socket's address, a hash
  /// stands for it.
  std::string job_socket(const std::string& job) const;
};

/// `state_dir` wins over weir.yaml's when it is not empty. `state` is empty when nothing names one.
Directories directories_of(const WeirConfig& config, const std::string& state_dir = {});

/// How many bytes of a path the address of a unix socket holds.
constexpr std::size_t kSocketPathMax = 107;

}  // namespace weir
