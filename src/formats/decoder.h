#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/record.h"
#include "data/schema.h"

namespace weir {

enum class Format : unsigned char { kJson, kRaw };
std::string_view to_string(Format format);

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
/// RFC 3339 string, text a JSON string, jsonb any value; there is no bytea.
/// raw: one column `value bytea`, NULL for a tombstone, or none.
/// Errors: kStopJob for a schema that the format cannot fill.
Result<std::unique_ptr<Decoder>> make_decoder(Format format, std::shared_ptr<const Schema> schema);

}  // namespace weir
