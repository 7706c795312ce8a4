#pragma once

namespace weir {

/// "0.1.0": of this program, in every answer and log that names it.
extern const char* const kVersion;

}  // namespace weir
