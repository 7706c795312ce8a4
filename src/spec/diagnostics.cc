#include "spec/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weir {
namespace {

// A line longer than this is cut around the mistake, so that the underline stays on a terminal.
constexpr std::size_t kLineShownMax = 100;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

Diagnostic make(const SourceText& source, Place place, Code code, Severity severity,
                std::string message, std::string hint) {
  const LineColumn at = source.line_column(place.offset);
  Diagnostic made{.file = source.path(),
                  .line = at.line,
                  .column = at.column,
                  .length = 0,
                  .code = code,
                  .severity = severity,
                  .message = std::move(message),
                  .source_line = source.shown_line(at.line),
                  .hint = std::move(hint)};
  const std::size_t line_end = std::min(source.line_start(at.line + 1), source.text().size());
  const std::size_t end = std::min<std::size_t>(std::size_t{place.offset} + place.length, line_end);
  for (std::size_t i = place.offset; i < end; ++i) {
    const char c = source.text()[i];
    if (c != '\n' && c != '\r' && !is_continuation(c)) ++made.length;
  }
  return made;
}

// Bytes of each character of a line.
std::vector<std::string_view> characters(std::string_view line) {
  std::vector<std::string_view> all;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t size = 1;
    while (i + size < line.size() && is_continuation(line[i + size])) ++size;
    all.push_back(line.substr(i, size));
    i += size;
  }
  return all;
}

}  // namespace

void Diagnostics::error(const SourceText& source, Place place, Code code, std::string message,
                        std::string hint) {
  add(make(source, place, code, Severity::kError, std::move(message), std::move(hint)));
}

void Diagnostics::warning(const SourceText& source, Place place, Code code, std::string message,
                          std::string hint) {
  add(make(source, place, code, Severity::kWarning, std::move(message), std::move(hint)));
}

void Diagnostics::file_error(std::string file, Code code, std::string message) {
  Diagnostic made;
  made.file = std::move(file);
  made.code = code;
  made.message = std::move(message);
  add(std::move(made));
}

bool Diagnostics::has_errors() const { return error_count() != 0; }

std::size_t Diagnostics::error_count() const {
  return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), [](const Diagnostic& d) {
    return d.severity == Severity::kError;
  }));
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::map<std::string, std::size_t> file_order;
  for (const Diagnostic& d : all_) file_order.try_emplace(d.file, file_order.size());
  std::vector<Diagnostic> sorted = all_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    return std::tuple(file_order[a.file], a.line, a.column) <
           std::tuple(file_order[b.file], b.line, b.column);
  });
  const auto same = [](const Diagnostic& a, const Diagnostic& b) {
    return a.file == b.file && a.line == b.line && a.column == b.column && a.code == b.code &&
           a.message == b.message;
  };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  return sorted;
}

std::string Diagnostics::render() const {
  std::string out;
  for (const Diagnostic& d : sorted()) out += weir::render(d);
  return out;
}

std::string render(const Diagnostic& d) {
  std::string out = d.file;
  if (d.line != 0) out += fmt::format(":{}:{}", d.line, d.column);
  out += d.severity == Severity::kError ? ": error" : ": warning";
  if (d.code != Code::kNone) out += "[" + to_string(d.code) + "]";
  out += ": " + d.message + "\n";
  if (d.line == 0) return out;

  const std::vector<std::string_view> line = characters(d.source_line);
  std::size_t from = 0;
  std::size_t to = line.size();
  if (line.size() > kLineShownMax) {
    // A third of the window before the mistake, the rest behind it.
    if (d.column > kLineShownMax * 2 / 3) from = d.column - kLineShownMax / 3;
    to = std::min(line.size(), from + kLineShownMax);
  }
  const std::string_view lead = from > 0 ? "... " : "";
  std::string shown(lead);
  for (std::size_t i = from; i < to; ++i) shown += line[i];
  if (to < line.size()) shown += " ...";
  while (!shown.empty() && shown.back() == ' ') shown.pop_back();
  out += fmt::format("{:>5} | {}\n", d.line, shown);

  std::string under(lead.size(), ' ');
  // Tabs are kept, so that the caret stands under its column at any tab width.
  for (std::size_t i = from; i + 1 < d.column; ++i) {
    under += i < line.size() && line[i] == "\t" ? '\t' : ' ';
  }
  const std::size_t room = to + 1 > d.column ? to + 1 - d.column : 1;
  under.append(std::clamp<std::size_t>(d.length, 1, std::max<std::size_t>(room, 1)), '^');
  out += "      | " + under;
  if (!d.hint.empty()) out += " " + d.hint;
  return out + "\n";
}

}  // namespace weir
