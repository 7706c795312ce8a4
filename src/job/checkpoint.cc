#include "job/checkpoint.h"

#include "connectors/kafka/position.h"
#include "state/job_directory.h"
#include "state/rocksdb_store.h"

namespace weir {

std::optional<Checkpoint> find_checkpoint(const std::string& directory) {
  const auto view = JobDirectoryView::open(directory);
  if (!view || (*view)->is_new()) return std::nullopt;
  if (!(*view)->holder().empty()) return Checkpoint{.place = "the epoch of " + (*view)->holder()};
  const auto contents = read_rocksdb_store(directory + "/db");
  // Positions are there from the first start on, also when it never got as far as its claim.
  if (!contents || !contents->lane) return std::nullopt;
  Checkpoint found{.place = "epoch " + std::to_string(contents->lane->epoch.value())};
  for (const auto& [name, source] : contents->lane->sources) {
    if (source.ends.empty()) continue;
    const auto& [split, end] = *source.ends.begin();
    const auto position = kafka::decode_position(end);
    if (!position) continue;  // of a file, which ends by nature
    found.ends[name] =
        split + "=" + std::to_string(position->next) +
        (source.ends.size() > 1 ? " and " + std::to_string(source.ends.size() - 1) + " more"
                                : std::string());
  }
  return found;
}

}  // namespace weir
