#pragma once

#include <memory>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "data/arena.h"
#include "data/column.h"
#include "data/record.h"
#include "data/schema.h"

namespace weir {

/// At most this many rows, and about this many payload bytes, are one batch (performance.md).
constexpr std::size_t kBatchRowsMax = 1024;
constexpr std::size_t kBatchBytesMax = 256U * 1024;

/// The columns that every row carries unnamed. They can be selected and used in expressions.
enum class MetaField : unsigned char {
  kKey,        ///< `_key` bytea
  kTopic,      ///< `_topic` text
  kPartition,  ///< `_partition` integer
  kOffset,     ///< `_offset` bigint
  kTimestamp,  ///< `_timestamp` timestamptz
  kHeaders,    ///< `_headers` jsonb: an object name -> text, or of a name that
               ///< is there more than once the array of its texts, in their order
  kId,         ///< `_id` text, the same in every replay
};
struct MetaFieldInfo {
  MetaField field;
  std::string_view name;
  Type type;
};
/// All of them, in order.
std::span<const MetaFieldInfo> meta_fields();
std::optional<MetaFieldInfo> find_meta_field(std::string_view name);

/// Rows as columns over one arena, and the record each row came from. A filter narrows the
/// selection and copies nothing; a select replaces the columns.
///
/// Made by a decoder from a RecordBatch (whose arena it takes), passed by unique_ptr from step to
/// step, given back to the worker when the sinks have written it. Where rows have several takers
/// each has a batch of its own over the same arena and columns, which nobody changes.
/// Thread: the worker's, with all batches of one arena.
struct Batch {
  std::shared_ptr<Arena> arena;
  std::shared_ptr<const Schema> schema;  ///< of `columns`; their order and types
  std::vector<Column> columns;
  std::size_t rows = 0;  ///< slots in every column, selected or not
  /// The rows that are still in, ascending. Decoders select all that they could decode.
  std::vector<RowIndex> selection;

  std::shared_ptr<const Origin> origin;
  std::vector<Record> records;  ///< one per row

  /// Column of a metadata field, made in the arena when asked for.
  Column meta_column(MetaField field) const;

  void select_all() {
    selection.resize(rows);
    std::iota(selection.begin(), selection.end(), RowIndex{0});
  }
};
using BatchPtr = std::unique_ptr<Batch>;

/// The same rows once more, for another taker.
inline BatchPtr share(const Batch& batch) { return std::make_unique<Batch>(batch); }

/// The bytes of a row's texts, as if they were shared with no other row.
std::size_t text_bytes(const Batch& batch, RowIndex row);

/// One row that could not be decoded or evaluated; what happens is the job's `errors:` rule.
struct RowError {
  RowIndex row = 0;
  std::string message;  ///< what is wrong, where: `column "amount": "12x" is not numeric`
};

}  // namespace weir
