#include "state/store_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

Error corrupt(const std::string& what) { return {Action::kHalt, Code::kCorruptStore, what}; }

Error cannot_write(const std::string& path) {
  return {Action::kRetry, "cannot write " + path + ": " + std::strerror(errno)};
}

// Closes and syncs.
bool sync_file(int fd) {
  const bool synced = fsync(fd) == 0;
  return close(fd) == 0 && synced;
}

bool has_log(const std::string& store) {
  std::error_code error;
  const std::filesystem::directory_iterator files(store, error);
  return std::any_of(begin(files), end(files),
                     [](const auto& file) { return file.path().extension() == ".log"; });
}

}  // namespace

StoreMark::StoreMark(const std::string& store) : store_(store), path_(store + ".mark") {}

Result<std::optional<std::uint64_t>> StoreMark::read() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return std::optional<std::uint64_t>{};
  std::ifstream file(path_);
  std::string text;
  std::getline(file, text);
  std::uint64_t sequence = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return corrupt(path_ + " does not hold a number");
  }
  return std::optional(sequence);
}

// Beside it first: half of a number would be another one.
Result<> StoreMark::write(std::uint64_t sequence) const {
  const std::string fresh = path_ + ".new";
  const std::string text = std::to_string(sequence) + "\n";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return cannot_write(fresh);
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!sync_file(fd) || !whole || rename(fresh.c_str(), path_.c_str()) != 0) {
    const Error error = cannot_write(fresh);
    unlink(fresh.c_str());
    return error;
  }
  const std::string parent = std::filesystem::path(path_).parent_path().string();
  const int directory = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0 || !sync_file(directory)) return cannot_write(path_);
  return {};
}

Result<> StoreMark::check_files() const {
  std::error_code error;
  if (!std::filesystem::exists(store_, error)) {
    unlink(path_.c_str());
    return {};
  }
  WEIR_ASSIGN(const std::optional<std::uint64_t> mark, read());
  if (!mark || has_log(store_)) return {};
  return corrupt(store_ +
                 " has no log: its .log file was deleted, and with it what was written "
                 "last");
}

Result<> StoreMark::check(std::uint64_t sequence) const {
  WEIR_ASSIGN(const std::optional<std::uint64_t> mark, read());
  if (!mark || sequence >= *mark) return {};
  return corrupt(store_ + " is older than it was: its last write is number " +
                 std::to_string(sequence) + ", and number " + std::to_string(*mark) +
                 " was there (" + path_ +
                 "). A file of it was deleted or cut short, or an older copy of it alone was put "
                 "in its place");
}

}  // namespace weir
