#include "supervisor/job_log.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace weir {

void JobLog::write(std::string_view lines) {
  if (!open()) return leave_out(lines);
  if (bytes_ > 0 && bytes_ + lines.size() > file_bytes_max_) {
    rotate();
    if (!open()) return leave_out(lines);
  }
  if (left_out_ > 0) {
    const std::string said = (torn_ ? "\n" : "") + std::to_string(left_out_) +
                             " lines were left out here: " + why_ + "\n";
    if (!append(said).empty()) return leave_out(lines);
    left_out_ = 0;
  }
  leave_out(append(lines));
}

bool JobLog::open() {
  struct stat facts {};
  if (file_ && fstat(file_.get(), &facts) == 0 && facts.st_nlink > 0) return true;
  file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!file_ || fstat(file_.get(), &facts) != 0) {
    why_ = std::strerror(errno);
    file_.reset();
    return false;
  }
  bytes_ = static_cast<std::uint64_t>(facts.st_size);
  return true;
}

void JobLog::rotate() {
  for (int i = kFilesMax - 1; i > 0; --i) {
    const std::string from = i == 1 ? path_ : path_ + "." + std::to_string(i - 1);
    std::rename(from.c_str(), (path_ + "." + std::to_string(i)).c_str());
  }
  file_.reset();
}

std::string_view JobLog::append(std::string_view lines) {
  while (!lines.empty()) {
    const ssize_t wrote = ::write(file_.get(), lines.data(), lines.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      why_ = std::strerror(errno);
      break;
    }
    bytes_ += static_cast<std::uint64_t>(wrote);
    torn_ = wrote > 0 && lines[static_cast<std::size_t>(wrote) - 1] != '\n';
    lines.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return lines;
}

void JobLog::leave_out(std::string_view lines) {
  left_out_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

}  // namespace weir
