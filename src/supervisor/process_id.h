#pragma once

#include <optional>

#include "supervisor/job_record.h"

namespace weir {

/// The process `pid` of now, as it can be told from a later one of the same number; nothing when
/// there is none. Reads /proc. Thread: any.
std::optional<ProcessId> identify_process(std::int32_t pid);

/// A descriptor (pidfd_open(2)) of the process that `id` means, which can be read when it has
/// ended; nothing when it is gone, or another one has its number. The caller closes it.
std::optional<int> open_process(const ProcessId& id);

}  // namespace weir
