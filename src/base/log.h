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

/// What is on every line that has it.
struct LogContext {
  std::string job;
  std::string lane;
  std::optional<EpochId> epoch;
};

/// Sets the process's log up, on stderr; once, from main, before other threads start.
void init_log(const LogOptions& options);

/// Writes one line. The same `message` text is written at most 10 times a minute; what was held
/// back is counted and said with the next one (a broker that is down must not fill a disk).
///
/// Thread: any; it locks inside.
void log(LogLevel level, const LogContext& context, std::string_view message);
void log(LogLevel level, std::string_view message);

/// True when a line of that level would be written, for messages that cost something to build.
bool log_enabled(LogLevel level);

}  // namespace weir
