#include "supervisor/report.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace weir {
namespace {

constexpr std::array<std::pair<std::string_view, RunEnd>, 5> kEnds{{{"stopped", RunEnd::kStopped},
                                                                    {"marker", RunEnd::kMarker},
                                                                    {"finished", RunEnd::kFinished},
                                                                    {"halted", RunEnd::kHalted},
                                                                    {"failed", RunEnd::kFailed}}};

std::string escaped(std::string_view text) {
  // Something stands before and behind it; the rest of a character still comes.
  constexpr std::size_t kTextMax = kReportBytesMax - 256;
  constexpr std::size_t kRestMax = 4;
  std::string out;
  for (const char c : text) {
    const bool continues = (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
    if (out.size() >= kTextMax + (continues ? kRestMax : 0)) return out + "...";
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
    } else {
      ++i;
      out += text[i] == 'n' ? '\n' : text[i];
    }
  }
  return out;
}

// Takes the first word off `line`.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<ChildReport> parse_end(std::string_view line) {
  const std::string_view word = take_word(line);
  const std::string_view code = take_word(line);
  EndReport report;
  const auto read = std::from_chars(code.data(), code.data() + code.size(), report.exit_code);
  if (read.ec != std::errc() || read.ptr != code.data() + code.size()) return std::nullopt;
  for (const auto& [name, end] : kEnds) {
    if (name != word) continue;
    report.end = end;
    report.why = unescaped(line);
    return report;
  }
  return std::nullopt;
}

std::optional<ChildReport> parse(std::string_view line) {
  const std::string_view kind = take_word(line);
  if (kind == "hello") return HelloReport{unescaped(line)};
  if (kind == "beat") return BeatReport{unescaped(line)};
  if (kind == "end") return parse_end(line);
  return std::nullopt;
}

struct Writer {
  std::string operator()(const HelloReport& report) const {
    return "hello " + escaped(report.version) + "\n";
  }
  std::string operator()(const BeatReport& report) const {
    return "beat " + escaped(report.state) + "\n";
  }
  std::string operator()(const EndReport& report) const {
    std::string_view word;
    for (const auto& [name, end] : kEnds) {
      if (end == report.end) word = name;
    }
    return "end " + std::string(word) + " " + std::to_string(report.exit_code) + " " +
           escaped(report.why) + "\n";
  }
};

}  // namespace

std::string to_line(const ChildReport& report) { return std::visit(Writer{}, report); }

std::vector<ChildReport> ReportReader::read(std::string_view bytes) {
  std::vector<ChildReport> reports;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    // A line without end is no line: what is kept of it stays bounded.
    if (rest_.size() < kReportBytesMax) rest_ += bytes.substr(0, end);
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    if (auto report = parse(rest_)) reports.push_back(std::move(*report));
    rest_.clear();
  }
  return reports;
}

}  // namespace weir
