#include "base/log_line.h"

#include <algorithm>
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

// Bytes of the UTF-8 character that begins `text`; 0 when none does. Overlong forms and surrogates,
// which a reader of the log may refuse, are none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool no_character = (lead == 0xed && second >= 0xa0) || (lead == 0xf4 && second >= 0x90);
  return overlong || no_character ? 0 : bytes;
}

void append_hex(std::string& out, std::string_view prefix, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += prefix;
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 15U];
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Appends the characters of `text`, those that `escape` does not take as they are. A byte that is
// none, as in a record that a message shows, becomes `invalid` and its two digits.
template <class Escape>
void append_characters(std::string& out, std::string_view text, std::string_view invalid,
                       const Escape& escape) {
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) {
      append_hex(out, invalid, text[0]);
    } else if (bytes > 1 || !escape(text[0])) {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
}

// What would steer a terminal is shown instead.
void append_text(std::string& out, std::string_view text) {
  append_characters(out, text, "\\x", [&](char c) {
    if (!is_control(c) || c == '\n' || c == '\t') return false;
    append_hex(out, "\\x", c);
    return true;
  });
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  append_characters(out, text, "\\\\x", [&](char c) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (is_control(c)) {
      append_hex(out, "\\u00", c);
    } else {
      return false;
    }
    return true;
  });
  out += '"';
}

}  // namespace

std::string text_log_line(LogLevel level, const LogContext& context, std::string_view message,
                          LogTime at) {
  std::string line = time_text(at) + " " + std::string(kPadded[static_cast<int>(level)]) + " ";
  if (!context.job.empty()) line += "job=" + context.job + " ";
  if (!context.lane.empty()) line += "lane=" + context.lane + " ";
  if (context.epoch) line += "epoch=" + std::to_string(context.epoch->value()) + " ";
  append_text(line, message);
  return line;
}

std::string json_log_line(LogLevel level, const LogContext& context, std::string_view message,
                          LogTime at) {
  std::string line = R"({"ts":")" + time_text(at) + R"(","level":")" +
                     std::string(kNames[static_cast<int>(level)]) + '"';
  const auto field = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    line.append(",\"").append(name).append("\":");
    append_json(line, value);
  };
  field("job", context.job);
  field("lane", context.lane);
  if (context.epoch) line += ",\"epoch\":" + std::to_string(context.epoch->value());
  line += ",\"message\":";
  append_json(line, message);
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
  if (window.written >= repeats_max_) {
    ++window.held_back;
    return std::nullopt;
  }
  ++window.written;
  return std::exchange(window.held_back, 0);
}

}  // namespace weir
