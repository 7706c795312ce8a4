#pragma once

#include <string>
#include <string_view>

#include "connectors/file/position.h"
#include "connectors/file/source.h"
#include "data/record.h"

namespace weir::file {

struct CutLimits {
  Framing framing;
  LastLine last_line = LastLine::kRow;
  std::size_t row_bytes_max = 0;
  std::size_t rows_max = 0;
  std::int64_t end = kWhole;  ///< rows that begin at or behind it are not given
};

enum class Cut : unsigned char {
  kRows,      ///< the position moved; there may be more
  kMore,      ///< `text` does not hold a whole row; the same again with more of it
  kEndless,   ///< a row larger than allowed begins here, and its first line has not ended yet
  kFinished,  ///< nothing more is to be read
};

/// Cuts `text`, which stands at `position` and at whose end the file ends when `eof`, into records
/// and moves the position behind them. Records are views of `text`, which lies in the batch's arena
/// with kValuePadding bytes behind it. `header` is given along with every record where it is not
/// empty. A pure function.
Cut cut_rows(std::string_view text, bool eof, const CutLimits& limits, std::string_view header,
             FilePosition& position, RecordBatch& into);

/// Appends one record, the row of `offset`. `why` not empty: it is not what stands there, but the
/// beginning of it.
void append_row(std::string_view row, std::int64_t offset, std::string_view header,
                const std::string& why, RecordBatch& into);

/// "line 57: the row is larger than 16MiB"; without the line when it is unknown.
std::string too_large_text(std::int64_t line, std::size_t row_bytes_max, const Framing& framing);

}  // namespace weir::file
