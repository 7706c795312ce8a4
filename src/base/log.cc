#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "base/log_writer.h"
#include "base/mutex.h"

namespace weir {
namespace {

// Bytes as they are: lines bring their own end, and a status line has none.
std::shared_ptr<spdlog::logger> stderr_logger() {
  auto logger =
      std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%v", spdlog::pattern_time_type::utc, std::string()));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

struct Log {
  std::atomic<LogLevel> level = LogLevel::kInfo;
  const std::shared_ptr<spdlog::logger> out = stderr_logger();
  Mutex mutex;  // log() is any thread's
  std::unique_ptr<LogWriter> writer WEIR_GUARDED_BY(mutex) =
      std::make_unique<LogWriter>(LogOptions{}, isatty(STDERR_FILENO) != 0);

  void write(std::string_view bytes) WEIR_REQUIRES(mutex) {
    if (!bytes.empty()) out->log(spdlog::level::info, "{}", bytes);
  }
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
  log.write(log.writer->line(level, context, message, now));
}

bool log_shows_status() {
  Log& log = the_log();
  const MutexLock lock(log.mutex);
  return log.writer->shows_status();
}

void log_status(std::string_view text) {
  Log& log = the_log();
  const MutexLock lock(log.mutex);
  log.write(log.writer->status(text));
}

}  // namespace weir
