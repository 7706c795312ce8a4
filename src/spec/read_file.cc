#include "spec/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weir {
namespace {

Error because(int error) { return Error{Action::kStopJob, std::strerror(error)}; }

Result<std::string> read_all(int fd, std::size_t bytes_max) {
  struct stat about {};
  if (fstat(fd, &about) != 0) return because(errno);
  if (S_ISDIR(about.st_mode)) return Error{Action::kStopJob, "it is a directory"};
  std::string content;
  char block[16384];
  while (true) {
    const ssize_t got = read(fd, block, sizeof block);
    if (got == 0) return content;
    if (got < 0) {
      if (errno == EINTR) continue;
      return because(errno);
    }
    content.append(block, static_cast<std::size_t>(got));
    if (content.size() > bytes_max) {
      return Error{Action::kStopJob,
                   "it is larger than " + std::to_string(bytes_max >> 10U) + " KiB"};
    }
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return because(errno);
  Result<std::string> content = read_all(fd, bytes_max);
  close(fd);
  return content;
}

}  // namespace weir
