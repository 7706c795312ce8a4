#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace weir::file {

/// A file opened for reading: its text, whether it is stored as it is or compressed by gzip, which
/// its first two bytes tell. It stays the file that was opened, whatever becomes of its name.
///
/// Owned by a reader, or by a question of the committer. Thread: its owner's. Reading blocks for
/// as long as the disk takes.
class InputFile {
 public:
  /// Errors: kRetry for a disk or network file system that fails for now; kStopJob with
  /// kFileMissing, or kFileRefused: no permission, a directory, a FIFO, a device.
  static Result<std::unique_ptr<InputFile>> open(const std::string& path);
  virtual ~InputFile() = default;

  virtual bool compressed() const = 0;
  /// Its size as stored, when it was opened.
  virtual std::int64_t disk_bytes() const = 0;

  /// Goes towards `offset` for a bounded amount of work; false: call again. Errors: as read().
  virtual Result<bool> seek(std::int64_t offset) = 0;
  /// Fills `into` from `offset` of the text on; less only at its end. Compressed text is read
  /// forward: what lies before the last `offset` is read anew from the beginning.
  /// Errors: kRetry; kStopJob for compressed data that is damaged or cut.
  virtual Result<std::size_t> read(std::int64_t offset, std::span<char> into) = 0;
};

/// "<what> <path>: No such file or directory", with its action and code.
Error io_error(int error, const std::string& what, const std::string& path);

}  // namespace weir::file
