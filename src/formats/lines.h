#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/encoder.h"

namespace weir {

/// How a sink of bytes writes rows of a format: one behind the other, each with a newline.
///
/// Thread: any, immutable.
class LineWriter {
 public:
  /// `encoder` is one of `format` for `schema`.
  LineWriter(Format format, std::shared_ptr<const Encoder> encoder, const Schema& schema,
             const FormatOptions& options);

  /// Appends the selected rows, without their newlines. A row that would not be one line (NULL, or
  /// text with a newline in a format without quotes) goes to `errors`.
  void render(const Batch& batch, std::vector<std::string>& rows,
              std::vector<RowError>& errors) const;

  /// What stands once before the first row, with its newline: the header of csv, else nothing.
  const std::string& header() const { return header_; }
  /// Of a file with such rows: ".csv".
  std::string_view extension() const;

 private:
  const Format format_;
  const std::shared_ptr<const Encoder> encoder_;
  std::string header_;
};

}  // namespace weir
