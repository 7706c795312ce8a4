#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "flow/source.h"
#include "formats/framing.h"

namespace weir::file {

/// What an unterminated last line is, at the end of what was there when the job started.
///
/// kRow: a row. Files that other programs have finished often lack the last newline, and a row that
/// is never read is a loss nobody sees. If the file's writer was in the middle of the row after
/// all, the rest that it appends is found at the next start: HALT source_rewritten, never half a
/// row more. kWait: not a row until its newline is there. For files that are appended to while jobs
/// read them.
enum class LastLine : unsigned char { kRow, kWait };

struct FileSourceOptions {
  SourceIndex index;
  std::string name;            ///< in the job file
  std::string job = {};        ///< the job file, for the commands in messages
  std::string path;            ///< a file, or a pattern (listing.h)
  std::string directory = {};  ///< where a relative path begins; empty: the process's own
  Framing framing;
  LastLine last_line = LastLine::kRow;
  std::size_t row_bytes_max = 16U * 1024 * 1024;  ///< larger ones are decode errors
  std::size_t files_max = 16;                     ///< read at a time
};

/// Rows of files. A split is a file, named as the pattern finds it; files that gzip has compressed
/// are read as their text.
///
/// Bounded: the files that match when the process starts are read to their ends of then, and what
/// was appended, or begins to match, at the next start. A row that begins before the end belongs to
/// it, also when its newline came later. A file that is shorter than its position, or has other
/// bytes before it, is HALT source_rewritten; one that is gone before it was read to its end HALT
/// data_loss. A file renamed or replaced while it is read is read to its end as it was opened.
///
/// A row larger than `row_bytes_max`, and one whose quotes stay open up to the end of the file, are
/// given as decode errors (formats/options.h); of CSV only the first line of such a row, and
/// reading goes on with the next line, so that a broken quote does not swallow the rest of the
/// file.
///
/// Thread: as flow/source.h. Questions and readers block for as long as the disk takes.
std::unique_ptr<Source> make_file_source(FileSourceOptions options);

}  // namespace weir::file
