#include "state/job_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

Error cannot(const std::string& what, const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    // No mistake in a configuration: the next start may find room.
    return {Action::kRetry, "cannot " + what + " " + path + ": the disk is full"};
  }
  return {Action::kStopJob, Code::kStateUnusable,
          "cannot " + what + " " + path + ": " + std::strerror(error)};
}

// Locks and fsync mean little on these (statfs(2)). Not FUSE and 9p: containers have their own disk
// by them.
bool is_network_file_system(const std::string& path) {
  struct statfs info {};
  if (statfs(path.c_str(), &info) != 0) return false;
  constexpr std::array<long, 6> kNetwork = {0x6969 /*NFS*/,      0x517B /*SMB*/,
                                            0xFF534D42 /*CIFS*/, 0xFE534D42 /*SMB2*/,
                                            0xC36400 /*Ceph*/,   0x0BD00BD0 /*Lustre*/};
  for (const long magic : kNetwork) {
    if (info.f_type == magic) return true;
  }
  return false;
}

std::string holder_text(int lock) {
  std::array<char, 64> text{};
  const ssize_t size = pread(lock, text.data(), text.size() - 1, 0);
  const std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (pid.empty()) return "another process";
  std::ifstream command("/proc/" + pid.substr(0, pid.find('\n')) + "/cmdline");
  std::string line;
  std::getline(command, line);
  for (char& c : line) {
    if (c == '\0') c = ' ';
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return "process " + pid.substr(0, pid.find('\n')) + (line.empty() ? "" : " (" + line + ")");
}

}  // namespace

Result<std::unique_ptr<JobDirectory>> JobDirectory::open(
    const std::string& path, std::chrono::milliseconds wait,
    const std::function<bool(std::chrono::milliseconds)>& pause) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return cannot("make the state directory", path, error.value());
  // One that was there has the rights that somebody gave it.
  if (made && chmod(path.c_str(), 0700) != 0) return cannot("protect", path, errno);
  if (is_network_file_system(path)) {
    return Error{Action::kStopJob, Code::kStateUnusable,
                 path +
                     " is on a network file system, where locks and syncs cannot be trusted; "
                     "use a local disk (--state-dir DIR)"};
  }
  const std::string file = path + "/lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return cannot("open", file, errno);
  constexpr std::chrono::milliseconds kPause(100);
  for (std::chrono::milliseconds waited(0); flock(lock, LOCK_EX | LOCK_NB) != 0; waited += kPause) {
    if (errno != EWOULDBLOCK) {
      const int failed = errno;
      close(lock);
      return cannot("lock", file, failed);
    }
    if (waited >= wait || !pause(kPause)) {
      const std::string holder = holder_text(lock);
      close(lock);
      return Error{Action::kRetry, Code::kStateInUse,
                   "the state directory " + path + " is in use by " + holder + "; waited " +
                       std::to_string(waited.count() / 1000) + " s for its lock"};
    }
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(lock, 0) != 0 || pwrite(lock, pid.data(), pid.size(), 0) < 0) {
    const int failed = errno;
    close(lock);
    return cannot("write", file, failed);
  }
  return std::unique_ptr<JobDirectory>(new JobDirectory(path, lock));
}

JobDirectory::~JobDirectory() { close(lock_); }

Result<std::unique_ptr<JobDirectoryView>> JobDirectoryView::open(const std::string& path) {
  const std::string file = path + "/lock";
  const int lock = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0 && errno != ENOENT && errno != ENOTDIR) return cannot("open", file, errno);
  std::string holder;
  if (lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      const int failed = errno;
      close(lock);
      return cannot("lock", file, failed);
    }
    holder = holder_text(lock);
  }
  return std::unique_ptr<JobDirectoryView>(new JobDirectoryView(lock, std::move(holder)));
}

JobDirectoryView::~JobDirectoryView() {
  if (lock_ >= 0) close(lock_);
}

}  // namespace weir
