#pragma once

#include <cstddef>
#include <string_view>

#include "formats/csv_scan.h"
#include "formats/options.h"

namespace weir {

/// How a stream of bytes is cut into records: by lines, or by the rows of CSV.
struct Framing {
  bool csv = false;
  char delimiter = ',';
  bool header = false;      ///< the first row names the columns and is no record
  bool skip_blank = false;  ///< lines of blanks are no records
};
Framing framing_of(Format format, const CsvOptions& csv);

RowEnd find_row_end(std::string_view text, const Framing& framing);

/// A row without the LF or CRLF at its end, if it has one.
std::string_view without_newline(std::string_view row);

/// Nothing but blanks, tabs and a carriage return.
bool is_blank(std::string_view row);

}  // namespace weir
