#include "job/check_paths.h"

#include <algorithm>
#include <filesystem>

namespace weir {
namespace {

namespace fs = std::filesystem;

// Where it really is, as far as it is there.
fs::path resolved(const std::string& path) {
  std::error_code unreadable;
  const fs::path found = fs::weakly_canonical(path, unreadable);
  const fs::path whole = unreadable ? fs::path(path).lexically_normal() : found;
  return whole.has_filename() ? whole : whole.parent_path();
}

bool is_within(const fs::path& path, const fs::path& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first ==
         directory.end();
}

}  // namespace

void check_paths(const JobSpec& job, const Directories& directories, Diagnostics& diagnostics) {
  if (directories.state.empty()) return;
  const fs::path state = resolved(directories.state);
  for (const SinkSpec& sink : job.sinks) {
    if (sink.kind != SinkKind::kFile || !sink.path.given) continue;
    const fs::path path = resolved(absolute_beside(job.source->path(), *sink.path));
    const std::string who = "sink \"" + *sink.name + "\" ";
    if (is_within(path, state)) {
      diagnostics.error(*job.source, sink.path.at, Code::kBadValue,
                        who + "writes into weir's state directory, " + state.string(),
                        "write to another directory");
    } else if (is_within(state, path)) {
      diagnostics.error(
          *job.source, sink.path.at, Code::kBadValue,
          who + "writes to a directory that weir's state directory is in, " + state.string(),
          "write to another directory, such as one below this");
    }
  }
}

}  // namespace weir
