#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/log_line.h"

namespace weir {

/// What the process's log writes, as bytes: lines in the form that the reader wants, each with its
/// job and lane, repeats held back, and on a terminal one status line that stays below them.
///
/// Owned by the log. Thread: the log's, under its lock.
class LogWriter {
 public:
  /// The moment of a line, for its stamp and for how often it repeats.
  struct Now {
    LogTime wall;
    std::chrono::steady_clock::time_point mono;
  };

  LogWriter(LogOptions options, bool is_terminal);

  /// Job and lane of lines that bring none: a process runs one job.
  void set_context(LogContext context) { context_ = std::move(context); }

  /// Empty when the line is below the level or held back. A line of several rows stays whole.
  std::string line(LogLevel level, const LogContext& context, std::string_view message, Now now);
  /// Puts `text` in place of the last status line; empty takes it away. Writes nothing where there
  /// is no terminal, or where a machine reads.
  std::string status(std::string_view text);

  bool shows_status() const { return terminal_ && !json_; }

 private:
  const LogLevel level_;
  const bool terminal_;
  const bool json_;
  LogContext context_;
  RepeatLimit repeats_;
  std::string status_;
};

}  // namespace weir
