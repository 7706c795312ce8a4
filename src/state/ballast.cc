#include "state/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace weir {
namespace {

// A copy of the directory may hold it without its blocks.
bool is_whole(const std::string& path) {
  struct stat found {};
  constexpr std::uint64_t kBlock = 512;
  return stat(path.c_str(), &found) == 0 &&
         static_cast<std::uint64_t>(found.st_blocks) * kBlock >= kBallastBytes;
}

}  // namespace

// Written to the log, and later once more to a table.
std::uint64_t room_needed(WriteFor why, std::uint64_t bytes, bool ballast_is_there) {
  constexpr std::uint64_t kRoomMin = 128U << 10U;
  const std::uint64_t needed = 2 * bytes + kRoomMin;
  const bool keeps_clear = why == WriteFor::kInput && !ballast_is_there;
  return keeps_clear ? needed + kBallastBytes : needed;
}

bool is_time_for_ballast(std::uint64_t room) { return room < kBallastBytes; }

Ballast::Ballast(const std::string& store)
    : path_((std::filesystem::path(store).parent_path() / "ballast").string()) {}

Result<> Ballast::keep() const {
  if (is_whole(path_)) return {};
  const std::string parent = std::filesystem::path(path_).parent_path().string();
  const auto room = free_bytes(parent);
  if (room && *room < 2 * kBallastBytes) {
    return Error{Action::kRetry, "the disk of " + parent + " has " + std::to_string(*room >> 20U) +
                                     " MiB left, too few for the ballast file that weir keeps "
                                     "there for the moment when it is full"};
  }
  const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Error{Action::kRetry, "cannot make " + path_ + ": " + std::strerror(errno)};
  }
  const int failed = posix_fallocate(fd, 0, static_cast<off_t>(kBallastBytes));
  close(fd);
  if (failed == 0) return {};
  unlink(path_.c_str());
  return Error{Action::kRetry, "cannot make " + path_ + ": " + std::strerror(failed)};
}

bool Ballast::is_there() const { return is_whole(path_); }

bool Ballast::free() const { return unlink(path_.c_str()) == 0; }

std::optional<std::uint64_t> free_bytes(const std::string& path) {
  struct statvfs found {};
  if (statvfs(path.c_str(), &found) != 0) return std::nullopt;
  return std::uint64_t{found.f_bavail} * found.f_frsize;
}

}  // namespace weir
