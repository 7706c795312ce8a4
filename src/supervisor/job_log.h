#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "supervisor/descriptor.h"

namespace weir {

/// A job's log, `<directory>/<job>.log`, and those before it, `.1` to `.9`: each at most 10 MiB.
/// Where it cannot be written, such as on a disk that is full, lines are left out and counted, and
/// the next one that can be written says how many; one that somebody removed is made anew.
///
/// Owned by the log pump. Thread: the pump's.
class JobLog {
 public:
  static constexpr std::uint64_t kFileBytesMax = 10U << 20U;
  static constexpr int kFilesMax = 10;

  explicit JobLog(std::string path, std::uint64_t file_bytes_max = kFileBytesMax)
      : path_(std::move(path)), file_bytes_max_(file_bytes_max) {}

  /// `lines` are whole, each with its newline. Blocks on the file system.
  void write(std::string_view lines);

  const std::string& path() const { return path_; }

 private:
  bool open();
  void rotate();
  // What could not be written of `lines`.
  std::string_view append(std::string_view lines);
  void leave_out(std::string_view lines);

  const std::string path_;
  const std::uint64_t file_bytes_max_;
  Descriptor file_;
  std::uint64_t bytes_ = 0;  // in the file
  std::uint64_t left_out_ = 0;
  bool torn_ = false;  // the last line that was written has no end
  std::string why_;
};

}  // namespace weir
