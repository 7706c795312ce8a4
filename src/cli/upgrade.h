#pragma once

#include "cli/load_job.h"

namespace weir {

/// `weir daemon --upgrade`: has the daemon that runs replace itself by the program on disk, and
/// waits until the new one answers. Returns the exit code. Thread: main.
int upgrade_daemon(const JobFlags& flags);

}  // namespace weir
