#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/record.h"

namespace weir {

enum class Format : unsigned char {
  kJson,
  kRaw,
  kCsv,
  kText,
  kGenerated,  ///< what source `generate` gives; not to be chosen in a job file
};
std::string_view to_string(Format format);

/// How CSV is written (RFC 4180): fields between delimiters, those with a delimiter, a quote or a
/// newline inside of quotes, a quote there doubled. Lines end in LF or CRLF.
struct CsvOptions {
  char delimiter = ',';
  /// The first line of a file names its columns. Records of other sources have none.
  bool header = true;
  /// The text that, without quotes, is NULL. With quotes it is itself, also the empty one.
  std::string null_text = {};
  /// Without a header: the columns of a row in order, also those that the plan does not use.
  std::vector<std::string> columns = {};
};

struct FormatOptions {
  CsvOptions csv = {};
  /// The source cuts a stream of bytes into records, and marks those that it cannot give whole.
  bool framed = false;
};

/// Names of headers by which a source that cuts a stream into records speaks to decoders: the line
/// with the names of the columns (csv), and why a record is not what stands there.
constexpr std::string_view kCsvHeader = "csv.header";
constexpr std::string_view kUnreadable = "unreadable";

/// The value of a record's header of that name; nothing without one.
inline const RecordHeader* find_header(const Record& record, std::string_view name) {
  for (const RecordHeader& header : record.headers) {
    if (header.name == name) return &header;
  }
  return nullptr;
}

}  // namespace weir
