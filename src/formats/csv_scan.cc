#include "formats/csv_scan.h"

#include <algorithm>

namespace weir {
namespace {

constexpr char kQuote = '"';

std::size_t find(std::string_view text, char byte, std::size_t from) {
  return std::min(text.find(byte, from), text.size());
}

// Goes on to the delimiter or newline that ends the field which began at `begin`.
void scan_plain(std::string_view text, std::size_t begin, std::size_t at, char delimiter,
                CsvField& field) {
  while (at < text.size() && text[at] != delimiter && text[at] != '\n') ++at;
  field.text = text.substr(begin, at - begin);
  field.next = std::min(at + 1, text.size());
  if (at == text.size()) return;
  field.end = text[at] == '\n' ? CsvEnd::kNewline : CsvEnd::kDelimiter;
  if (field.end == CsvEnd::kNewline && field.text.ends_with('\r')) field.text.remove_suffix(1);
}

// A row without quotes, which most are: in half the time.
void split_plain_row(std::string_view row, char delimiter, std::vector<CsvField>& fields) {
  const char* begin = row.data();
  const char* const end = begin + row.size();
  for (const char* at = begin; at != end; ++at) {
    if (*at != delimiter) continue;
    CsvField& field = fields.emplace_back();
    field.text = {begin, static_cast<std::size_t>(at - begin)};
    field.end = CsvEnd::kDelimiter;
    begin = at + 1;
    field.next = static_cast<std::size_t>(begin - row.data());
  }
  CsvField& last = fields.emplace_back();
  last.text = {begin, static_cast<std::size_t>(end - begin)};
  last.next = row.size();
}

}  // namespace

CsvField scan_csv_field(std::string_view text, std::size_t at, char delimiter) {
  CsvField field;
  if (at >= text.size() || text[at] != kQuote) {
    scan_plain(text, at, at, delimiter, field);
    return field;
  }
  field.quoted = true;
  const std::size_t begin = at + 1;
  std::size_t close = find(text, kQuote, begin);
  while (close + 1 < text.size() && text[close + 1] == kQuote) {
    field.doubled = true;
    close = find(text, kQuote, close + 2);
  }
  field.text = text.substr(begin, close - begin);
  if (close == text.size()) {
    field.mistake = CsvMistake::kOpenQuote;
    field.next = close;
    return field;
  }
  CsvField rest;
  scan_plain(text, close + 1, close + 1, delimiter, rest);
  field.end = rest.end;
  field.next = rest.next;
  if (!rest.text.empty()) field.mistake = CsvMistake::kTextAfterQuote;
  return field;
}

std::string_view csv_value(const CsvField& field, Arena& arena) {
  if (!field.doubled) return field.text;
  char* const to = static_cast<char*>(arena.allocate(field.text.size(), 1));
  std::size_t size = 0;
  for (std::size_t i = 0; i < field.text.size(); ++i) {
    to[size++] = field.text[i];
    if (field.text[i] == kQuote) ++i;
  }
  return {to, size};
}

void split_csv_row(std::string_view row, char delimiter, std::vector<CsvField>& fields) {
  fields.clear();
  if (row.find(kQuote) == std::string_view::npos && row.find('\n') == std::string_view::npos) {
    split_plain_row(row, delimiter, fields);
    return;
  }
  std::size_t at = 0;
  do {
    fields.push_back(scan_csv_field(row, at, delimiter));
    at = fields.back().next;
  } while (fields.back().end == CsvEnd::kDelimiter);
}

RowEnd find_csv_row_end(std::string_view text, char delimiter) {
  const std::size_t newline = find(text, '\n', 0);
  // Most rows have no quotes.
  if (text.substr(0, newline).find(kQuote) == std::string_view::npos) {
    return {newline == text.size() ? 0 : newline + 1, false};
  }
  CsvField field;
  do {
    field = scan_csv_field(text, field.next, delimiter);
  } while (field.end == CsvEnd::kDelimiter);
  return {field.end == CsvEnd::kNewline ? field.next : 0, field.mistake == CsvMistake::kOpenQuote};
}

}  // namespace weir
