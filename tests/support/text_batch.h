#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"

namespace weir::test {

/// Rows with one text column "value", without keys.
Batch text_batch(const std::vector<std::string>& values);

/// The first column of a row, which must be text; "NULL" where it is null.
std::string_view text_of(const Batch& batch, RowIndex row);

}  // namespace weir::test
