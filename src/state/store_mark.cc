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

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// RocksDB's logs are named by numbers that rise.
bool has_log(const std::string& store, std::uint64_t number_min) {
  std::error_code error;
  const std::filesystem::directory_iterator files(store, error);
  return std::any_of(begin(files), end(files), [&](const auto& file) {
    return file.path().extension() == ".log" &&
           number_of(file.path().stem().string()).value_or(0) >= number_min;
  });
}

}  // namespace

StoreMark::StoreMark(const std::string& store) : store_(store), path_(store + ".mark") {}

Result<std::optional<StorePlace>> StoreMark::read() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return std::optional<StorePlace>{};
  std::ifstream file(path_);
  std::string sequence, log;
  file >> sequence >> log;
  const auto last = number_of(sequence);
  const auto number = number_of(log);
  if (!last || !number) return corrupt(path_ + " does not hold two numbers");
  return std::optional(StorePlace{*last, *number});
}

// Beside it first: half of a number would be another one.
Result<> StoreMark::write(const StorePlace& place) const {
  const std::string fresh = path_ + ".new";
  const std::string text = std::to_string(place.sequence) + " " + std::to_string(place.log) + "\n";
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
  WEIR_ASSIGN(const std::optional<StorePlace> mark, read());
  if (!mark || has_log(store_, mark->log)) return {};
  return corrupt(store_ + " lacks its newest log, number " + std::to_string(mark->log) +
                 " or later: the .log file was deleted, and with it what was written last, or an "
                 "older copy of the store alone was put in its place");
}

Result<> StoreMark::check(std::uint64_t sequence) const {
  WEIR_ASSIGN(const std::optional<StorePlace> mark, read());
  if (!mark || sequence >= mark->sequence) return {};
  return corrupt(store_ + " is older than it was: its last write is number " +
                 std::to_string(sequence) + ", and number " + std::to_string(mark->sequence) +
                 " was there (" + path_ +
                 "). A file of it was deleted or cut short, or an older copy of it alone was put "
                 "in its place");
}

}  // namespace weir
