#include "base/log_writer.h"

namespace weir {
namespace {

// Back to the row's beginning, and nothing behind it.
constexpr std::string_view kErase = "\r\x1b[K";
// Without the terminal's wrapping between them: a window made narrower would otherwise keep what
// went to a second row.
constexpr std::string_view kNoWrap = "\x1b[?7l";
constexpr std::string_view kWrap = "\x1b[?7h";

std::string shown(std::string_view status) {
  if (status.empty()) return {};
  return std::string(kNoWrap).append(status).append(kWrap);
}

}  // namespace

LogWriter::LogWriter(LogOptions options, bool is_terminal)
    : level_(options.level),
      terminal_(is_terminal),
      json_(options.format == LogFormat::kJson ||
            (options.format == LogFormat::kAuto && !is_terminal)) {}

std::string LogWriter::line(LogLevel level, const LogContext& context, std::string_view message,
                            Now now) {
  if (level < level_) return {};
  const std::optional<std::uint64_t> held_back = repeats_.admit(message, now.mono);
  if (!held_back) return {};
  std::string text(message);
  if (*held_back > 0) text += " (" + std::to_string(*held_back) + " more of these were held back)";
  LogContext whole = context;
  if (whole.job.empty()) whole.job = context_.job;
  if (whole.lane.empty()) whole.lane = context_.lane;
  std::string bytes = json_ ? json_log_line(level, whole, text, now.wall)
                            : text_log_line(level, whole, text, now.wall);
  bytes += '\n';
  if (status_.empty()) return bytes;
  return std::string(kErase).append(bytes).append(shown(status_));
}

std::string LogWriter::status(std::string_view text) {
  if (!shows_status() || text == status_) return {};
  std::string bytes(status_.empty() ? std::string_view{} : kErase);
  status_ = text;
  return bytes.append(shown(status_));
}

}  // namespace weir
