#pragma once

#include <string>
#include <vector>

#include "supervisor/control.h"

namespace weir {

/// `weir ps`: a row for each job, and what is wrong below. `now`: for how long. Pure.
std::string jobs_text(const DaemonReport& report, WallTime now);

/// `weir reload`: a row for each job or file that is not as it was, with what is wrong below. Pure.
std::string reload_text(const std::vector<ReloadStep>& steps);

/// "3d 4h", "12m 5s". Pure.
std::string short_duration(std::chrono::microseconds time);

}  // namespace weir
