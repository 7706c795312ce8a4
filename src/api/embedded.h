#pragma once

#include <string_view>

namespace weir {

/// Files of this folder, as the program carries them (src/CMakeLists.txt).

extern const std::string_view kOpenApi;  ///< openapi.json

}  // namespace weir
