#pragma once

#include "formats/options.h"
#include "plan/plan.h"

namespace weir {

// The formats of a job file as formats/ takes them.

Format format_of(FormatKind kind);
Format format_of(const SourceSpec& source);
FormatOptions format_options(const SourceSpec& source, const PlannedSource& planned);
FormatOptions format_options(const SinkSpec& sink);

}  // namespace weir
