#include "cli/version.h"

namespace weir {

const char* const kVersion = WEIR_VERSION;

}  // namespace weir
