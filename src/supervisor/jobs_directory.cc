#include "supervisor/jobs_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "spec/yaml.h"

namespace weir {
namespace {

constexpr int kTriesMax = 5;

// One open file, closed with it.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      // O_NONBLOCK: a FIFO without a writer would be waited for.
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return fd_ >= 0; }
  bool facts(struct stat& facts) const { return fstat(fd_, &facts) == 0; }
  // At most one byte more than a job file may have.
  bool read_all(std::string& text) const {
    text.clear();
    char buffer[1 << 16];
    while (text.size() <= kYamlBytesMax) {
      const ssize_t got = read(fd_, buffer, sizeof buffer);
      if (got == 0) return true;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return false;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return true;
  }

 private:
  const int fd_;
};

bool same(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

FoundFile read_one(const std::string& path) {
  FoundFile found{.path = path, .text = {}, .unreadable = {}};
  for (int i = 0; i < kTriesMax; ++i) {
    const OpenFile file(path);
    struct stat before {};
    struct stat after {};
    if (!file.is_open() || !file.facts(before)) {
      found.unreadable = std::strerror(errno);
      return found;
    }
    if (!S_ISREG(before.st_mode)) {
      found.unreadable = S_ISDIR(before.st_mode) ? "it is a directory" : "it is no regular file";
      return found;
    }
    if (!file.read_all(found.text) || !file.facts(after)) {
      found.unreadable = std::strerror(errno);
      return found;
    }
    if (found.text.size() > kYamlBytesMax) {
      found.text.clear();
      found.unreadable = "it is larger than 1 MiB";
      return found;
    }
    if (same(before, after) && static_cast<std::size_t>(after.st_size) == found.text.size()) {
      return found;
    }
  }
  found.text.clear();
  found.unreadable = "it changes while it is read";
  return found;
}

bool is_job_file(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return !name.starts_with('.') && (path.extension() == ".yaml" || path.extension() == ".yml");
}

}  // namespace

Result<std::vector<FoundFile>> read_jobs_directory(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code failed;
  std::filesystem::directory_iterator entry(directory, failed);
  const std::filesystem::directory_iterator end;
  while (!failed && entry != end) {
    if (is_job_file(entry->path())) paths.push_back(entry->path().string());
    entry.increment(failed);
  }
  if (failed) {
    return Error{Action::kRetry, Code::kFileUnreadable,
                 "the jobs' directory " + directory + " cannot be read: " + failed.message() +
                     "; jobs_dir of weir.yaml names it, and the daemon's user must be able to read "
                     "it"};
  }
  std::sort(paths.begin(), paths.end());
  std::vector<FoundFile> found;
  found.reserve(paths.size());
  for (const std::string& path : paths) found.push_back(read_one(path));
  return found;
}

}  // namespace weir
