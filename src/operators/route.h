#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "flow/operator.h"
#include "sql/expression.h"

namespace weir {

/// One way out, the port of its index.
struct RouteWay {
  std::optional<Expression> when;  ///< none: every row, or with `otherwise` those nobody took
  bool otherwise = false;
};

/// Sends each row to every way whose condition is TRUE, in the order of the ways. A row on which a
/// condition fails goes nowhere and is rejected, once.
std::unique_ptr<Operator> make_route(std::vector<RouteWay> ways);

}  // namespace weir
