#pragma once

#include <optional>
#include <string>

#include "connectors/file/input.h"
#include "connectors/file/position.h"

namespace weir::file {

/// What is not as it was when `position` was reached, for people; nothing when the bytes before it
/// are the same and go on as they may. Errors: kRetry; kStopJob.
Result<std::optional<std::string>> find_change(InputFile& input, const FilePosition& position);

/// How many bytes of newline stand at `position`, whose last row had none when it was read: 0 at
/// the end of the file; nothing when the row goes on.
Result<std::optional<std::int64_t>> newline_after(InputFile& input, const FilePosition& position);

}  // namespace weir::file
