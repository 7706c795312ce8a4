#pragma once

#include <span>
#include <vector>

#include "data/batch.h"
#include "sql/expression.h"

namespace weir {

/// The values of `expression` for `rows` of `batch`, in the batch's arena; other rows are
/// unspecified. A row that fails is NULL and named in `errors`, once.
Column evaluate(const Expression& expression, const Batch& batch, std::span<const RowIndex> rows,
                std::vector<RowError>& errors);

/// Leaves the rows selected for which `condition` is TRUE. Rows that failed are out too.
void apply_filter(const Expression& condition, Batch& batch, std::vector<RowError>& errors);

/// Takes the rows of errors[from...] out of the batch's selection.
void deselect(Batch& batch, std::span<const RowError> errors);

}  // namespace weir
