#include "job/formats.h"

namespace weir {
namespace {

CsvOptions csv_options(const CsvSpec& csv) {
  return {
      .delimiter = csv.delimiter, .header = csv.header, .null_text = csv.null_text, .columns = {}};
}

}  // namespace

Format format_of(FormatKind kind) {
  switch (kind) {
    case FormatKind::kJson:
      return Format::kJson;
    case FormatKind::kCsv:
      return Format::kCsv;
    case FormatKind::kText:
      return Format::kText;
    case FormatKind::kRaw:
      break;
  }
  return Format::kRaw;
}

Format format_of(const SourceSpec& source) {
  return source.kind == SourceKind::kGenerate ? Format::kGenerated : format_of(*source.format);
}

FormatOptions format_options(const SourceSpec& source, const PlannedSource& planned) {
  FormatOptions options{.csv = csv_options(source.csv), .framed = source.kind == SourceKind::kFile};
  // A record of Kafka is one row, and never the names of its columns.
  if (source.kind != SourceKind::kFile) options.csv.header = false;
  if (!options.csv.header) options.csv.columns = planned.columns;
  return options;
}

FormatOptions format_options(const SinkSpec& sink) {
  return {.csv = csv_options(sink.csv), .framed = false};
}

}  // namespace weir
