#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "base/log_line.h"
#include "base/mutex.h"

namespace weir {
namespace {

struct Log {
  std::atomic<LogLevel> level = LogLevel::kInfo;
  std::atomic<bool> json = false;
  std::shared_ptr<spdlog::logger> out = [] {
    auto logger =
        std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    return logger;
  }();
  Mutex mutex;
  RepeatLimit limit WEIR_GUARDED_BY(mutex);
};

Log& the_log() {
  static Log instance;
  return instance;
}

}  // namespace

void init_log(const LogOptions& options) {
  the_log().level = options.level;
  the_log().json = options.format == LogFormat::kJson ||
                   (options.format == LogFormat::kAuto && isatty(STDERR_FILENO) == 0);
}

bool log_enabled(LogLevel level) { return level >= the_log().level.load(); }

void log(LogLevel level, std::string_view message) { log(level, LogContext{}, message); }

void log(LogLevel level, const LogContext& context, std::string_view message) {
  Log& state = the_log();
  if (!log_enabled(level)) return;
  const auto now = std::chrono::system_clock::now();
  std::optional<std::uint64_t> held_back;
  {
    const MutexLock lock(state.mutex);
    held_back = state.limit.admit(message, std::chrono::steady_clock::now());
  }
  if (!held_back) return;
  std::string text(message);
  if (*held_back > 0) text += " (" + std::to_string(*held_back) + " more of these were held back)";
  const auto millis = std::chrono::time_point_cast<std::chrono::milliseconds>(now);
  state.out->log(spdlog::level::info, "{}",
                 state.json ? json_log_line(level, context, text, millis)
                            : text_log_line(level, context, text, millis));
}

}  // namespace weir
