#pragma once

#include <string_view>

namespace weir {

/// Logs the broken promise with its place and aborts. A crash costs one replay.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view why);

}  // namespace weir

/// WEIR_CHECK(x, "why it holds"): for weir's own mistakes only, on in release too. Never for what
/// a user, a broker or a disk can do.
#define WEIR_CHECK(condition, why)                               \
  do {                                                           \
    if (!(condition)) [[unlikely]]                               \
      ::weir::check_failed(__FILE__, __LINE__, #condition, why); \
  } while (false)
