#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "spec/diagnostics.h"
#include "spec/parse.h"
#include "spec/source_text.h"

namespace weir {

/// The text of a file, without a byte order mark; nothing, and a diagnostic, when unreadable.
std::optional<std::string> load_file(const std::string& path, Diagnostics& diagnostics);
/// A byte order mark at the front is of no use, and would shift every column.
std::shared_ptr<SourceText> make_source(std::string path, std::string text);
/// The one of the options, or the process's environment.
std::function<std::optional<std::string>(const std::string&)> environment(
    const ParseOptions& options);

}  // namespace weir
