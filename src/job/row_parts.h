#pragma once

#include <optional>
#include <vector>

#include "connectors/kafka/record_parts.h"
#include "sql/expression.h"

namespace weir {

/// The expressions of a Kafka sink beside its value. Keys and headers are bytes: text and bytea as
/// they are, other types in PostgreSQL's text form.
struct RowExpressions {
  std::optional<Expression> key;
  std::optional<Expression> partition;  ///< integer or bigint
  std::optional<Expression> tombstone;  ///< boolean
  std::vector<SelectTarget> headers;
};

/// Null when there are none.
kafka::MakeRecordParts make_row_parts(RowExpressions expressions);

}  // namespace weir
