#include "data/render.h"
#include "formats/internal.h"

namespace weir {
namespace {

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_field(std::string& out, std::string_view text, const CsvOptions& options) {
  const char special[] = {options.delimiter, '"', '\r', '\n'};
  // What would read as NULL, and at a file's beginning as its byte order mark, is quoted too.
  const bool quote = text == options.null_text || text.starts_with("\xef\xbb\xbf") ||
                     text.find_first_of({special, sizeof special}) != std::string_view::npos;
  if (quote) {
    append_quoted(out, text);
  } else {
    out += text;
  }
}

class CsvEncoder final : public Encoder {
 public:
  explicit CsvEncoder(const CsvOptions& options) : options_(options) {}

  Result<Encoded> encode(const Batch& batch, RowIndex row, std::string& out) const override {
    std::string text;
    for (std::size_t i = 0; i < batch.columns.size(); ++i) {
      if (i > 0) out += options_.delimiter;
      const Column& column = batch.columns[i];
      if (column.is_null(row)) {
        out += options_.null_text;
        continue;
      }
      text.clear();
      if (column.type().kind == TypeKind::kTimestamptz) {
        append_rfc3339(text, column.values<std::int64_t>()[row]);
      } else if (column.type().kind == TypeKind::kTimestamp) {
        append_iso_local(text, column.values<std::int64_t>()[row]);
      } else {
        append_text(text, column, row);
      }
      append_field(out, text, options_);
    }
    return Encoded::kValue;
  }

 private:
  const CsvOptions options_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_csv_encoder(const CsvOptions& options) {
  WEIR_TRY(check_csv(options));
  return std::unique_ptr<Encoder>(std::make_unique<CsvEncoder>(options));
}

std::string csv_header_line(const Schema& schema, const CsvOptions& options) {
  std::string line;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (i > 0) line += options.delimiter;
    append_field(line, schema[i].name, options);
  }
  return line;
}

}  // namespace weir
