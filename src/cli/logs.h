#pragma once

#include <cstddef>
#include <string>

namespace weir {

struct LogsOptions {
  std::size_t lines = 100;  ///< the last so many
  bool follow = false;      ///< go on with what comes, until the process is ended
  bool json = false;        ///< each line as a JSON object
};

/// `weir logs`: prints the log file of a job. Returns the exit code. Thread: main; blocks.
int print_logs(const std::string& path, const std::string& job, const LogsOptions& options);

/// A line of a job's log as a JSON object: as it is where it is one (`log.format: json`), else as
/// the `message` of one. Pure.
std::string json_of_log_line(const std::string& job, std::string_view line);

}  // namespace weir
