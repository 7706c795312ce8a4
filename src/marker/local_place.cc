#include "marker/local_place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

MarkerCheck unknown(std::string why) { return {MarkerVerdict::kUnknown, std::move(why)}; }

// Of what is there: files and directories are markers.
MarkerCheck verdict_of(mode_t mode) {
  if (S_ISREG(mode) || S_ISDIR(mode)) return {MarkerVerdict::kExists};
  const char* const is = S_ISFIFO(mode)                   ? "a FIFO"
                         : S_ISSOCK(mode)                 ? "a socket"
                         : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
                                                          : "something else";
  return {MarkerVerdict::kUnknown, std::string("it is ") + is + ", not a file or directory", true};
}

PathFacts facts_of(int failed, const struct stat& found) {
  if (failed != 0) return {.error = errno};
  return {.mode = found.st_mode, .device = found.st_dev};
}

PathFacts look_through(const std::string& path) {
  struct stat found {};
  return facts_of(::stat(path.c_str(), &found), found);
}

PathFacts look_at(const std::string& path) {
  struct stat found {};
  return facts_of(::lstat(path.c_str(), &found), found);
}

// Devices are numbered anew at every start of the machine.
std::string boot_id() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(in, id);
  return id;
}

class LocalPlace final : public MarkerPlace {
 public:
  LocalPlace(std::string path, bool directory)
      : path_(std::move(path)),
        parent_(std::filesystem::path(path_).parent_path().string()),
        as_directory_(directory) {}

  const std::string& name() const override { return path_; }

  MarkerCheck check() override {
    LocalFacts facts;
    facts.marker = look_at(path_);
    if (facts.marker.error == 0 && S_ISLNK(facts.marker.mode)) facts.target = look_through(path_);
    if (facts.marker.error == ENOENT) facts.directory = look_through(parent_);
    MarkerCheck check = local_verdict(facts, device_);
    if (check.verdict == MarkerVerdict::kExists) note_device();
    return check;
  }

  Result<> create() override {
    if (as_directory_ ? mkdir(path_.c_str(), 0755) == 0 : make_file()) {
      note_device();
      return {};
    }
    const int failed = errno;
    const MarkerCheck there = failed == EEXIST ? check() : MarkerCheck{};
    if (there.verdict == MarkerVerdict::kExists) return {};
    if (!there.why.empty()) return Error{Action::kRetry, there.why};
    return Error{Action::kRetry, failed == ENOENT ? "the directory " + parent_ + " does not exist"
                                                  : std::strerror(failed)};
  }

  Result<bool> remove() override {
    if (unlink(path_.c_str()) == 0) return true;
    int failed = errno;
    if (failed == EISDIR || failed == EPERM) failed = rmdir(path_.c_str()) == 0 ? 0 : errno;
    if (failed == 0) return true;
    if (failed == ENOENT) return false;
    return Error{Action::kRetry, std::strerror(failed)};
  }

  std::string surroundings() const override {
    return device_ ? boot_id() + "/" + std::to_string(*device_) : std::string();
  }

  void remember(const std::string& surroundings) override {
    const std::string here = boot_id() + "/";
    if (!surroundings.starts_with(here)) return;
    std::uint64_t device = 0;
    const char* const end = surroundings.data() + surroundings.size();
    if (std::from_chars(surroundings.data() + here.size(), end, device).ptr == end)
      device_ = device;
  }

 private:
  bool make_file() {
    const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file >= 0) close(file);
    return file >= 0;
  }

  void note_device() {
    const PathFacts parent = look_through(parent_);
    if (parent.error == 0) device_ = parent.device;
  }

  const std::string path_;
  const std::string parent_;
  const bool as_directory_;
  std::optional<std::uint64_t> device_;  // of the directory, when the marker was last there
};

}  // namespace

MarkerCheck local_verdict(const LocalFacts& facts, std::optional<std::uint64_t> device) {
  const PathFacts& marker = facts.marker;
  if (marker.error == 0 && facts.target) {
    // What it points to may lie on a file system that is not mounted.
    if (facts.target->error != 0) {
      return unknown(std::string("it is a link that leads nowhere: ") +
                     std::strerror(facts.target->error));
    }
    return verdict_of(facts.target->mode);
  }
  if (marker.error == 0) return verdict_of(marker.mode);
  if (marker.error != ENOENT) return unknown(std::strerror(marker.error));
  const PathFacts directory = facts.directory.value_or(PathFacts{.error = ENOENT});
  if (directory.error != 0) {
    return unknown(std::string("its directory: ") + std::strerror(directory.error));
  }
  if (!S_ISDIR(directory.mode)) return unknown("its directory is none");
  if (device && *device != directory.device) {
    return unknown("its directory is on another file system than before; is one not mounted?");
  }
  return {MarkerVerdict::kGone};
}

std::unique_ptr<MarkerPlace> make_local_place(const std::string& path, bool directory) {
  return std::make_unique<LocalPlace>(path, directory);
}

}  // namespace weir
