#include "job/checkpoint.h"

#include <algorithm>

#include "state/job_directory.h"
#include "state/rocksdb_store.h"

namespace weir {

std::optional<Checkpoint> find_checkpoint(const std::string& directory) {
  const auto view = JobDirectoryView::open(directory);
  if (!view || (*view)->is_new()) return std::nullopt;
  if (!(*view)->holder().empty()) return Checkpoint{"the epoch of " + (*view)->holder(), false};
  const auto contents = read_rocksdb_store(directory + "/db");
  // Positions are there from the first start on, also when it never got as far as its claim.
  if (!contents || !contents->lane) return std::nullopt;
  const auto& sources = contents->lane->sources;
  return Checkpoint{"epoch " + std::to_string(contents->lane->epoch.value()),
                    std::any_of(sources.begin(), sources.end(),
                                [](const auto& source) { return !source.second.ends.empty(); })};
}

}  // namespace weir
