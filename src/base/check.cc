#include "base/check.h"

#include <cstdlib>
#include <string>

#include "base/log.h"

namespace weir {

void check_failed(const char* file, int line, const char* condition, std::string_view why) {
  log(LogLevel::kError, "a promise of weir's own code is broken at " + std::string(file) + ":" +
                            std::to_string(line) + ": " + condition + " (" + std::string(why) +
                            ")");
  std::abort();
}

}  // namespace weir
