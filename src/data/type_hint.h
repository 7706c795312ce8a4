#pragma once

#include <string>
#include <string_view>

namespace weir {

/// What to write in place of a type that weir does not have: PostgreSQL's and other systems' types,
/// slips of the pen (`did you mean "text"?`), or else all there are. Thread: any.
std::string type_hint(std::string_view name);

}  // namespace weir
