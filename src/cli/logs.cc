#include "cli/logs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "api/json_text.h"
#include "cli/daemon_client.h"
#include "job/run.h"

namespace weir {
namespace {

// Prints what is read: as it comes, or line by line as JSON.
class LogPrinter {
 public:
  LogPrinter(std::string job, bool json) : job_(std::move(job)), json_(json) {}

  void print(std::string_view text) {
    if (!json_) return write(text);
    begun_ += text;
    std::size_t at = 0;
    for (std::size_t end = begun_.find('\n'); end != std::string::npos;
         at = end + 1, end = begun_.find('\n', at)) {
      write(json_of_log_line(job_, std::string_view(begun_).substr(at, end - at)) + "\n");
    }
    begun_.erase(0, at);
  }
  // A last line that nothing ended.
  void end() {
    if (!begun_.empty()) print("\n");
  }

 private:
  static void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

  const std::string job_;
  const bool json_;
  std::string begun_;
};

// The file: its last lines, and what comes behind them.
class LogReader {
 public:
  LogReader(std::string path, LogPrinter printer)
      : path_(std::move(path)), printer_(std::move(printer)) {}
  ~LogReader() {
    if (fd_ >= 0) close(fd_);
  }
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  bool open() {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    return fd_ >= 0;
  }
  void show_last(std::size_t lines) {
    const std::string all = read_on();
    std::size_t begin = all.size();
    for (std::size_t left = lines + 1; begin > 0; --begin) {
      if (all[begin - 1] == '\n' && --left == 0) break;
    }
    printer_.print(std::string_view(all).substr(begin));
  }
  void end() { printer_.end(); }
  void follow() {
    while (std::fflush(stdout) == 0) {
      printer_.print(read_on());
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      reopen_when_rotated();
    }
  }

 private:
  std::string read_on() const {
    std::string text;
    std::array<char, 65536> room{};
    while (true) {
      const ssize_t got = read(fd_, room.data(), room.size());
      if (got <= 0) return text;
      text.append(room.data(), static_cast<std::size_t>(got));
    }
  }
  void reopen_when_rotated() {
    struct stat open_file {};
    struct stat named {};
    if (fstat(fd_, &open_file) != 0 || stat(path_.c_str(), &named) != 0 ||
        open_file.st_ino == named.st_ino) {
      return;
    }
    printer_.print(read_on());
    close(fd_);
    if (!open()) fd_ = -1;
  }

  const std::string path_;
  LogPrinter printer_;
  int fd_ = -1;
};

}  // namespace

std::string json_of_log_line(const std::string& job, std::string_view line) {
  if (line.starts_with("{\"") && line.ends_with('}')) return std::string(line);
  JsonWriter out;
  out.begin_map().key("job").text(job).key("message").text(line).end_map();
  return out.take();
}

int print_logs(const std::string& path, const std::string& job, const LogsOptions& options) {
  LogReader reader(path, LogPrinter(job, options.json));
  if (!reader.open()) {
    if (errno == EACCES) return fail(whose("the log", path), kExitFailed);
    return fail(path + ": " + std::strerror(errno) + "; `weir ps` lists the jobs", kExitFailed);
  }
  reader.show_last(options.lines);
  if (options.follow) reader.follow();
  reader.end();
  return kExitDone;
}

}  // namespace weir
