#pragma once

#include <memory>
#include <vector>

#include "flow/operator.h"
#include "sql/expression.h"

namespace weir {

/// Lets the rows pass for which `condition` is TRUE.
std::unique_ptr<Operator> make_filter(Expression condition);

/// Replaces the columns by those of `targets`, computed for the selected rows.
std::unique_ptr<Operator> make_select(std::vector<SelectTarget> targets,
                                      std::shared_ptr<const Schema> output);

}  // namespace weir
