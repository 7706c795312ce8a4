#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "base/log_out.h"
#include "base/log_writer.h"
#include "base/mutex.h"

namespace weir {
namespace {

struct Log {
  std::atomic<LogLevel> level = LogLevel::kInfo;
  Mutex mutex;  // log() is any thread's
  LogOut out WEIR_GUARDED_BY(mutex){STDERR_FILENO};
  std::unique_ptr<LogWriter> writer WEIR_GUARDED_BY(mutex) =
      std::make_unique<LogWriter>(LogOptions{}, isatty(STDERR_FILENO) != 0);
};

Log& the_log() {
  static Log instance;
  return instance;
}

}  // namespace

void init_log(const LogOptions& options) {
  Log& log = the_log();
  const MutexLock lock(log.mutex);
  log.level = options.level;
  log.writer = std::make_unique<LogWriter>(options, isatty(STDERR_FILENO) != 0);
}

void set_log_context(const LogContext& context) {
  Log& log = the_log();
  const MutexLock lock(log.mutex);
  log.writer->set_context(context);
}

bool log_enabled(LogLevel level) { return level >= the_log().level.load(); }

void log(LogLevel level, std::string_view message) { log(level, LogContext{}, message); }

void log(LogLevel level, const LogContext& context, std::string_view message) {
  if (!log_enabled(level)) return;
  Log& log = the_log();
  const LogWriter::Now now{
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()),
      std::chrono::steady_clock::now()};
  const MutexLock lock(log.mutex);
  if (const std::uint64_t left_out = log.out.take_left_out(); left_out > 0) {
    log.out.write(log.writer->line(
        LogLevel::kWarn, context,
        std::to_string(left_out) + " writes to this log were left out: nobody read them", now));
  }
  log.out.write(log.writer->line(level, context, message, now));
}

bool log_shows_status() {
  Log& log = the_log();
  const MutexLock lock(log.mutex);
  return log.writer->shows_status();
}

void log_status(std::string_view text) {
  Log& log = the_log();
  const MutexLock lock(log.mutex);
  log.out.write(log.writer->status(text));
}

}  // namespace weir
