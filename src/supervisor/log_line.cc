#include "supervisor/log_line.h"

#include <algorithm>

#include "data/json.h"

namespace weir {
namespace {

// ASCII's control characters, and those that ISO 6429 has beside them as U+0080 to U+009F.
std::size_t control_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if ((first < 0x20 && first != '\t') || first == 0x7f) return 1;
  const bool is_c1 = first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
  return is_c1 ? 2 : 0;
}

std::string harmless(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::string_view valid = text.substr(0, utf8_prefix(text));
    text.remove_prefix(valid.size());
    while (!valid.empty()) {
      const std::size_t control = control_size(valid);
      out += control > 0 ? '?' : valid[0];
      valid.remove_prefix(std::max<std::size_t>(control, 1));
    }
    if (text.empty()) break;
    out += '?';
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace

std::vector<std::string> LineCutter::cut(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t room = kLineBytesMax - rest_.size();
    const std::size_t end = bytes.substr(0, room + 1).find('\n');
    rest_ += bytes.substr(0, std::min(end, room));
    if (end == std::string_view::npos && bytes.size() <= room) break;
    bytes.remove_prefix(end == std::string_view::npos ? room : end + 1);
    if (rest_.ends_with('\r')) rest_.pop_back();
    lines.push_back(harmless(std::exchange(rest_, {})));
  }
  return lines;
}

std::vector<std::string> LineCutter::finish() {
  return rest_.empty() ? std::vector<std::string>() : cut("\n");
}

std::string with_job(std::string_view job, std::string line) {
  const std::string name(job);
  if (line.find(" job=" + name + " ") != std::string::npos ||
      line.find("\"job\":\"" + name + "\"") != std::string::npos) {
    return line;
  }
  return "[" + name + "] " + line;
}

}  // namespace weir
