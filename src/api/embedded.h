#pragma once

#include <string_view>

namespace weir {

/// Files of this folder, as the program carries them (src/CMakeLists.txt).

extern const std::string_view kOpenApi;  ///< openapi.json
extern const std::string_view kPage;     ///< page.html; NONCE stands for what allows its script

}  // namespace weir
