#pragma once

#include <memory>
#include <string>

#include "flow/sink.h"
#include "formats/lines.h"

namespace weir::file {

struct FileSinkOptions {
  std::string name;       ///< in the job file
  std::string directory;  ///< where the parts go; made when its parent is there
  std::string stem;       ///< what a part's name begins with: "<job>-<lane>"
  LineWriter writer;
};

/// Writes each epoch with rows as one file, `<stem>-<epoch, 10 digits><extension by format>`: its
/// rows as lines, those of csv behind their header. A part is written aside, as `.<name>.part`,
/// synced, renamed, and its directory synced, so whoever lists the directory sees whole parts only.
/// Delivering an epoch again replaces the part with the same bytes; one of other bytes is left
/// alone (kStopJob, kFileExists).
///
/// Blocks for as long as the disk takes, whatever the deadline. Errors: kRetry, with nothing new to
/// be seen: a full disk, a missing permission, a directory without its parent.
std::unique_ptr<FollowerSink> make_file_sink(FileSinkOptions options);

}  // namespace weir::file
