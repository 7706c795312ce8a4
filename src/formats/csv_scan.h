#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "data/arena.h"

namespace weir {

// RFC 4180 read in one place, for the source that looks for the end of a row and for the decoder
// that looks for its fields: a newline between quotes must be the same newline to both.
//
// A field is quoted when its first byte is a quote. A quote further on in a field without quotes is
// an ordinary byte. What a mistake has done to a field ends at the next delimiter or newline.

enum class CsvMistake : unsigned char { kNone, kOpenQuote, kTextAfterQuote };
enum class CsvEnd : unsigned char { kDelimiter, kNewline, kText };

struct CsvField {
  std::string_view text;  ///< without its quotes; see csv_value()
  bool quoted = false;
  bool doubled = false;  ///< holds doubled quotes
  CsvMistake mistake = CsvMistake::kNone;
  CsvEnd end = CsvEnd::kText;  ///< what ends it; kText: the text ends here
  std::size_t next = 0;        ///< behind its end
};

/// The field that begins at `at`, which may be the size of `text`.
CsvField scan_csv_field(std::string_view text, std::size_t at, char delimiter);

/// The field's value: its text with single quotes, in the arena when it had doubled ones.
std::string_view csv_value(const CsvField& field, Arena& arena);

/// Splits a row without its newline. The last field's end is kNewline when there is more text.
void split_csv_row(std::string_view row, char delimiter, std::vector<CsvField>& fields);

struct RowEnd {
  std::size_t bytes = 0;   ///< of the first row with its newline; 0: the text ends before
  bool in_quotes = false;  ///< it ends between quotes
};
RowEnd find_csv_row_end(std::string_view text, char delimiter);

}  // namespace weir
