#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace weir {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarn, kError };
enum class LogFormat : unsigned char {
  kAuto,  ///< text when stderr is a terminal, else JSON lines
  kText,
  kJson,
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;
};

/// What a line is about; it carries what it has of this.
struct LogContext {
  std::string job;
  std::string lane;
  std::optional<EpochId> epoch;
};

/// Sets the process's log up, on stderr; once, from main, before other threads start.
void init_log(const LogOptions& options);
/// Job and lane of lines that come without. Thread: any.
void set_log_context(const LogContext& context);

/// Writes one line. The same `message` text is written at most 10 times a minute; what was held
/// back is counted and said with the next one (a broker that is down must not fill a disk).
///
/// Thread: any; it locks inside.
void log(LogLevel level, const LogContext& context, std::string_view message);
void log(LogLevel level, std::string_view message);

/// Shows `text` below the log's lines, in place of what it showed there before; empty takes it
/// away. Lines that are written meanwhile stand above it, whole. Does nothing unless
/// log_shows_status(): a terminal on stderr, and text on it. Thread: any; it locks inside.
void log_status(std::string_view text);
bool log_shows_status();

/// True when a line of that level would be written, for messages that cost something to build.
bool log_enabled(LogLevel level);

}  // namespace weir
