#pragma once

#include <string_view>

#include "data/arena.h"
#include "data/column.h"

namespace weir {

/// Stores what `text` says as a value of the column's type. Views of `text` stay in the column.
///
/// boolean is true, t, false or f in any case; numbers, dates, times and jsonb are read as in
/// format json; bytea is \x and hex digits, interval and uuid are as PostgreSQL writes them. False
/// when the text is not of the type, for text when it is not UTF-8.
bool store_text(std::string_view text, Column& column, RowIndex row, Arena& arena);

}  // namespace weir
