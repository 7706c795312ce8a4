#include "formats/framing.h"

namespace weir {

Framing framing_of(Format format, const CsvOptions& csv) {
  if (format == Format::kCsv) {
    // An empty line is a row of one column: the decoder knows how many there are.
    return {.csv = true, .delimiter = csv.delimiter, .header = csv.header, .skip_blank = false};
  }
  return {.csv = false, .delimiter = ',', .header = false, .skip_blank = format == Format::kJson};
}

RowEnd find_row_end(std::string_view text, const Framing& framing) {
  if (framing.csv) return find_csv_row_end(text, framing.delimiter);
  const std::size_t newline = text.find('\n');
  return {newline == std::string_view::npos ? 0 : newline + 1, false};
}

std::string_view without_newline(std::string_view row) {
  if (row.ends_with('\n')) row.remove_suffix(1);
  if (row.ends_with('\r')) row.remove_suffix(1);
  return row;
}

bool is_blank(std::string_view row) {
  return row.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace weir
