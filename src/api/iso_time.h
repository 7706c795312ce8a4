#pragma once

#include <string>

#include "base/clock.h"

namespace weir {

/// "2026-11-24T10:11:12.123Z", as Spark writes the timestamps of its progress. Pure.
std::string iso_time(WallTime at);

}  // namespace weir
