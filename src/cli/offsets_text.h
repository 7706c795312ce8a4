#pragma once

#include <string>

#include "job/offsets.h"

namespace weir {

/// `weir offsets JOB show`, for people.
std::string show_text(const LaneView& view);
/// `--json`: the same as one object, for programs.
std::string show_json(const LaneView& view);
/// `--dump`: everything as it was read, a value a line, for a report.
std::string show_dump(const LaneView& view);

/// What the next start does: "row T8: goes on", or the HALT.
std::string next_start_text(const Outlook& outlook);

/// What was found and what will be done, in numbers, for the question that follows.
std::string mend_text(const MendRequest& request, const Mend& mend, const Outlook& found,
                      const PositionMath& math);

}  // namespace weir
