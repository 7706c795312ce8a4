#pragma once

#include <vector>

#include "flow/operator.h"

namespace weir {

/// Gives every row error to `out`, and forgets them.
inline Result<> reject_all(const Batch& batch, std::vector<RowError>& errors, Emitter& out) {
  for (RowError& error : errors) WEIR_TRY(out.reject(batch, std::move(error)));
  errors.clear();
  return {};
}

}  // namespace weir
