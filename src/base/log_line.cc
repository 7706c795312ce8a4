#include "base/log_line.h"

#include <ctime>
#include <utility>

namespace weir {
namespace {

constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
constexpr std::string_view kPadded[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};

std::string time_text(LogTime at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  const std::time_t unix_seconds = seconds.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&unix_seconds, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text, size);
  const std::string millis = std::to_string((at - seconds).count());
  return out + "." + std::string(3 - millis.size(), '0') + millis + "Z";
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::string text_log_line(LogLevel level, const LogContext& context, std::string_view message,
                          LogTime at) {
  std::string line = time_text(at) + " " + std::string(kPadded[static_cast<int>(level)]) + " ";
  if (!context.job.empty()) line += "job=" + context.job + " ";
  if (!context.lane.empty()) line += "lane=" + context.lane + " ";
  if (context.epoch) line += "epoch=" + std::to_string(context.epoch->value()) + " ";
  return line.append(message);
}

std::string json_log_line(LogLevel level, const LogContext& context, std::string_view message,
                          LogTime at) {
  std::string line = R"({"ts":")" + time_text(at) + R"(","level":")" +
                     std::string(kNames[static_cast<int>(level)]) + '"';
  const auto field = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    line.append(",\"").append(name).append("\":");
    append_escaped(line, value);
  };
  field("job", context.job);
  field("lane", context.lane);
  if (context.epoch) line += ",\"epoch\":" + std::to_string(context.epoch->value());
  line += ",\"message\":";
  append_escaped(line, message);
  return line + "}";
}

std::optional<std::uint64_t> RepeatLimit::admit(std::string_view message,
                                                std::chrono::steady_clock::time_point now) {
  auto found = windows_.find(message);
  if (found == windows_.end()) {
    if (windows_.size() >= kTextsMax) windows_.clear();
    found = windows_.emplace(message, Window{.since = now}).first;
  }
  Window& window = found->second;
  if (now - window.since >= std::chrono::minutes(1)) {
    window.since = now;
    window.written = 0;
  }
  if (window.written >= kRepeatsMax) {
    ++window.held_back;
    return std::nullopt;
  }
  ++window.written;
  return std::exchange(window.held_back, 0);
}

}  // namespace weir
