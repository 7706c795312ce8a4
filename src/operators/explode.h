#pragma once

#include <memory>

#include "flow/operator.h"
#include "sql/expression.h"

namespace weir {

/// One row per element of a jsonb array, in order: the columns there are, and the element as the
/// last one of `output`. NULL and an empty array give no row; any other value is a row error. The
/// rows' `_id` gets the element's index, from 0.
std::unique_ptr<Operator> make_explode(Expression array, std::shared_ptr<const Schema> output);

}  // namespace weir
