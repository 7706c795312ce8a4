#pragma once

#include <string>

#include "data/column.h"

namespace weir {

/// Appends a value as format json writes it (encoder.h); false, and nothing appended, when JSON has
/// no such value (NaN and the infinities). NULL is null. Thread: any.
bool append_json_value(std::string& out, const Column& column, RowIndex row);

}  // namespace weir
