#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "data/batch.h"
#include "formats/decoder.h"

namespace weir {

enum class Encoded : unsigned char { kValue, kNull };

/// Writes rows as bytes. Constant and without shared state: any number of threads may use one.
class Encoder {
 public:
  virtual ~Encoder() = default;

  /// Appends the value of one row. kNull: the message has no value (a tombstone).
  /// Errors: kSkipRecord for a value that the format cannot hold (NaN in JSON).
  virtual Result<Encoded> encode(const Batch& batch, RowIndex row, std::string& out) const = 0;
};

/// json: an object with the fields in the schema's order, NULL as null, numeric with its digits,
/// timestamptz as RFC 3339 in UTC, timestamp the same without the Z, jsonb as it is, bytea as
/// base64; date, interval and uuid are strings in PostgreSQL's text form. raw: exactly one column
/// of text or bytea, as it is; NULL is a tombstone. text: exactly one column, in PostgreSQL's text
/// form; NULL is a tombstone. csv: the row without its newline; timestamptz and timestamp as in
/// json, other types in PostgreSQL's text form. Errors: kStopJob for a schema that the format
/// cannot write, or options that contradict.
Result<std::unique_ptr<Encoder>> make_encoder(Format format, const Schema& schema,
                                              const FormatOptions& options = {});

}  // namespace weir
