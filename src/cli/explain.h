#pragma once

#include <string>

namespace weir {

/// `weir explain CODE`: cause and cure of a code (W2104) or of its name (unknown_column), on
/// stdout; with an empty one a list of all. Returns 0, or 64 when there is no such code.
int explain_code(const std::string& code);

}  // namespace weir
