#include "connectors/file/rows.h"

#include <algorithm>

#include "base/units.h"

namespace weir::file {
namespace {

// Of a row that is not given whole: enough for a person to find it.
constexpr std::size_t kShownBytes = 1024;

std::string on_line(std::int64_t line) {
  return line == 0 ? "" : "line " + std::to_string(line) + ": ";
}

std::int64_t newlines(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

// The first line with its newline; all of it when there is none.
std::string_view first_line(std::string_view text) {
  const std::size_t newline = text.find('\n');
  return text.substr(0, newline == std::string_view::npos ? text.size() : newline + 1);
}

/// One call of cut_rows.
class Cutter {
 public:
  Cutter(std::string_view text, bool eof, const CutLimits& limits, std::string_view header,
         FilePosition& position, RecordBatch& into)
      : text_(text), eof_(eof), limits_(limits), position_(position), into_(into) {
    if (!header.empty()) header_ = into.arena->copy(header);
  }

  Cut run() {
    Cut cut = Cut::kRows;
    while (cut == Cut::kRows) {
      if (offset() >= limits_.end || (eof_ && at_ == text_.size())) {
        cut = Cut::kFinished;
      } else if (into_.records.size() >= limits_.rows_max) {
        break;
      } else {
        cut = next();
      }
    }
    if (at_ == 0) return cut;
    position_.line = line();
    position_.next += static_cast<std::int64_t>(at_);
    position_.open_row = text_[at_ - 1] != '\n';
    set_tail(position_, text_.substr(0, at_));
    return cut == Cut::kFinished ? cut : Cut::kRows;
  }

 private:
  std::int64_t offset() const { return position_.next + static_cast<std::int64_t>(at_); }
  std::int64_t line() const {
    return position_.line == 0 ? 0 : position_.line + newlines(text_.substr(0, at_));
  }

  Cut next() {
    const std::string_view rest = text_.substr(at_);
    const RowEnd end = find_row_end(rest, limits_.framing);
    const std::size_t bytes = end.bytes == 0 ? rest.size() : end.bytes;
    if (bytes > limits_.row_bytes_max) return too_large(rest);
    if (end.bytes != 0) return give(rest.substr(0, end.bytes), {});
    if (!eof_) return Cut::kMore;
    if (limits_.last_line == LastLine::kWait) return Cut::kFinished;
    if (!end.in_quotes) return give(rest, {});
    return give(first_line(rest),
                on_line(line()) + "a quote is opened in this row and closed nowhere in the file");
  }

  Cut too_large(std::string_view rest) {
    const std::string_view first = first_line(rest);
    if (!first.ends_with('\n')) return Cut::kEndless;
    return give(first, too_large_text(line(), limits_.row_bytes_max, limits_.framing));
  }

  Cut give(std::string_view row, const std::string& why) {
    if (!limits_.framing.skip_blank || !is_blank(row)) {
      append_row(row, offset(), header_, why, into_);
    }
    at_ += row.size();
    return Cut::kRows;
  }

  const std::string_view text_;
  const bool eof_;
  const CutLimits& limits_;
  FilePosition& position_;
  RecordBatch& into_;
  std::string_view header_;  // in the batch's arena
  std::size_t at_ = 0;       // what lies before is consumed
};

}  // namespace

Cut cut_rows(std::string_view text, bool eof, const CutLimits& limits, std::string_view header,
             FilePosition& position, RecordBatch& into) {
  return Cutter(text, eof, limits, header, position, into).run();
}

void append_row(std::string_view row, std::int64_t offset, std::string_view header,
                const std::string& why, RecordBatch& into) {
  Record& record = into.records.emplace_back();
  record.offset = offset;
  record.value = without_newline(row);
  if (!why.empty()) record.value = record.value.substr(0, kShownBytes);
  into.payload_bytes += record.value.size();
  const std::size_t headers = (header.empty() ? 0U : 1U) + (why.empty() ? 0U : 1U);
  if (headers == 0) return;
  const std::span<RecordHeader> all = into.arena->array<RecordHeader>(headers);
  std::size_t i = 0;
  if (!header.empty()) all[i++] = {kCsvHeader, header};
  if (!why.empty()) all[i] = {kUnreadable, into.arena->copy(why)};
  record.headers = all;
}

std::string too_large_text(std::int64_t line, std::size_t row_bytes_max, const Framing& framing) {
  std::string text = on_line(line) + "the row is larger than " + format_size(row_bytes_max);
  if (framing.csv) text += "; a quote in it may not be closed. Reading goes on with its next line";
  return text;
}

}  // namespace weir::file
