#pragma once

#include <memory>
#include <string>

#include "flow/sink.h"
#include "formats/lines.h"

namespace weir::stdout_sink {

struct StdoutSinkOptions {
  std::string name;  ///< in the job file
  LineWriter writer;
  int fd = 1;  ///< the process's standard output, or another one that a test looks at
};

/// Writes the rows of each epoch as lines to standard output; the header of csv once per process.
/// What was written cannot be taken back: after a crash the epochs that were not acknowledged come
/// again. Within a process nothing is written twice, whatever fails in between.
///
/// deliver() blocks until its deadline at most when the reader of a pipe does not take the rows.
/// Errors: kRetry (slow reader, full disk): it goes on at the byte where it stopped; kStopJob when
/// the reader is gone. SIGPIPE must be ignored by the process.
std::unique_ptr<FollowerSink> make_stdout_sink(StdoutSinkOptions options);

}  // namespace weir::stdout_sink
