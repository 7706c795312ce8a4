#include "spec/source_text.h"

#include <algorithm>

#include "spec/secret_names.h"

namespace weir {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

}  // namespace

SourceText::SourceText(std::string path, std::string text)
    : path_(std::move(path)), text_(std::move(text)), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
  behind_secret_names_ = secret_places(text_);
}

void SourceText::show_names(const std::set<std::uint32_t>& keys) {
  behind_secret_names_ = secret_places(text_, keys);
}

void SourceText::mask(Place place) {
  for (const Place part : without_references(text_, place)) masked_.push_back(part);
}

bool SourceText::is_masked(Place place) const {
  const auto meets = [&](const Place& each) {
    return each.offset < place.offset + std::max(place.length, 1U) &&
           place.offset < each.offset + each.length;
  };
  return std::any_of(masked_.begin(), masked_.end(), meets) ||
         std::any_of(behind_secret_names_.begin(), behind_secret_names_.end(), meets);
}

std::string SourceText::shown(Place place, std::string_view text) const {
  return is_masked(place) ? "***" : std::string(text);
}

LineColumn SourceText::line_column(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<std::size_t>(after - line_starts_.begin());
  std::size_t column = 1;
  for (std::size_t i = line_starts_[line - 1]; i < offset; ++i) {
    if (!is_continuation(text_[i])) ++column;
  }
  return {line, column};
}

std::size_t SourceText::line_start(std::size_t line) const {
  return line == 0 || line > line_starts_.size() ? text_.size() : line_starts_[line - 1];
}

std::string SourceText::shown_line(std::size_t line) const {
  if (line == 0 || line > line_starts_.size()) return {};
  const std::size_t begin = line_starts_[line - 1];
  const std::size_t end = std::min(text_.find('\n', begin), text_.size());
  std::string shown = text_.substr(begin, end - begin);
  const auto hide = [&](const Place& place) {
    const std::size_t from = std::max<std::size_t>(place.offset, begin);
    const std::size_t to = std::min<std::size_t>(std::size_t{place.offset} + place.length, end);
    for (std::size_t i = from; i < to; ++i) shown[i - begin] = '*';
  };
  std::for_each(behind_secret_names_.begin(), behind_secret_names_.end(), hide);
  std::for_each(masked_.begin(), masked_.end(), hide);
  if (!shown.empty() && shown.back() == '\r') shown.pop_back();
  return shown;
}

Place SqlText::place(std::size_t from, std::size_t length) const {
  if (offsets_.empty()) return at_;
  from = std::min(from, offsets_.size() - 1);
  const std::size_t last = std::min(from + length, offsets_.size() - 1);
  const std::uint32_t begin = offsets_[from];
  std::uint32_t end = begin;
  // Stops at a jump backwards or over a line's end: an underline is on one line.
  for (std::size_t i = from; i < last; ++i) {
    if (i > from && text_[i - 1] == '\n') break;
    end = std::max(end, offsets_[i] + 1);
  }
  return {begin, end - begin};
}

}  // namespace weir
