#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/record.h"
#include "data/schema.h"
#include "formats/options.h"

namespace weir {

/// Turns the records of a batch into columns.
///
/// Owned by a pipeline. Thread: its worker; an object per worker.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Takes the records with their arena. Rows that cannot be decoded are left out of the selection
  /// and named in `errors`, with what is wrong: `column "amount": "12x" is not numeric(12,2)`.
  virtual BatchPtr decode(RecordBatch&& records, std::vector<RowError>& errors) = 0;
};

/// A decoder that fills the columns of `schema`, the part of the source's schema that the plan
/// uses.
///
/// json: a missing field and null are NULL; numeric keeps the digits as written; timestamptz is an
/// RFC 3339 string, timestamp and date the same without or with a zone, which is ignored; interval
/// and uuid are strings as PostgreSQL reads them, bytea one of base64; text a JSON string, jsonb
/// any value. raw: one column `value bytea`, NULL for a tombstone, or none. text: the same with
/// `value text`. csv: columns by the header's names in any order, or by their place in
/// `options.csv.columns`; a column that the file lacks is NULL, one that the schema lacks is
/// ignored. Every row has as many fields as there are names. Types are read as in json, see
/// text_value.h. An empty line is no row, unless there is one column. generated: one column `i
/// bigint`, or none. Errors: kStopJob for a schema that the format cannot fill, or options that
/// contradict.
Result<std::unique_ptr<Decoder>> make_decoder(Format format, std::shared_ptr<const Schema> schema,
                                              const FormatOptions& options = {});

}  // namespace weir
