#include "formats/lines.h"

#include "formats/internal.h"

namespace weir {

LineWriter::LineWriter(Format format, std::shared_ptr<const Encoder> encoder, const Schema& schema,
                       const FormatOptions& options)
    : format_(format), encoder_(std::move(encoder)) {
  if (format == Format::kCsv && options.csv.header) {
    header_ = csv_header_line(schema, options.csv) + "\n";
  }
}

void LineWriter::render(const Batch& batch, std::vector<std::string>& rows,
                        std::vector<RowError>& errors) const {
  for (const RowIndex row : batch.selection) {
    std::string line;
    const Result<Encoded> encoded = encoder_->encode(batch, row, line);
    if (!encoded) {
      errors.push_back({row, encoded.error().message()});
    } else if (*encoded == Encoded::kNull) {
      errors.push_back({row, "NULL has no line in format " + std::string(to_string(format_)) +
                                 "; filter it out, or use coalesce()"});
    } else if (format_ != Format::kCsv && line.find('\n') != std::string::npos) {
      errors.push_back({row, "a value with a newline would be two lines in format " +
                                 std::string(to_string(format_)) + "; use json or csv"});
    } else {
      rows.push_back(std::move(line));
    }
  }
}

std::string_view LineWriter::extension() const {
  switch (format_) {
    case Format::kJson:
      return ".ndjson";
    case Format::kCsv:
      return ".csv";
    case Format::kText:
      return ".txt";
    case Format::kRaw:
    case Format::kGenerated:
      break;
  }
  return ".raw";
}

}  // namespace weir
