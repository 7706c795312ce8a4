#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/arena.h"

namespace weir {

/// Pure functions; Thread: any.

/// PostgreSQL's text of a jsonb value: as weir keeps it, with a blank behind each comma and colon.
std::string_view json_text(Arena& arena, std::string_view value);

/// The elements of a path as `#>` takes it, `{a,0,"b c"}`; nothing when malformed.
std::optional<std::vector<std::string>> parse_json_path(std::string_view text);

}  // namespace weir
