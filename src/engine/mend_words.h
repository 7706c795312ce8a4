#pragma once

#include <string>
#include <vector>

#include "engine/lane.h"
#include "engine/mend.h"

namespace weir {

/// Reads what stands behind `seek` and `skip` on the command line:
///
///   seek   SOURCE/TOPIC/PARTITION=earliest|latest|OFFSET ...
///   skip   SOURCE/TOPIC/PARTITION@OFFSET ...
///
/// Whether the partitions are there is decide_mend()'s to say.
/// Errors: kStopJob, naming the word and how it is written. Pure.
Result<std::vector<Seek>> parse_seeks(const LaneParts& parts,
                                      const std::vector<std::string>& words);
Result<std::vector<std::pair<SplitId, Position>>> parse_skips(
    const LaneParts& parts, const std::vector<std::string>& words);

}  // namespace weir
