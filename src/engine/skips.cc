#include "engine/skips.h"

#include <algorithm>
#include <iterator>

namespace weir {

std::vector<Position> skips_of(const LaneRecord& lane, const SplitId& split) {
  const auto found = lane.skips.find(split);
  if (found == lane.skips.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void drop_passed_skips(LaneRecord& lane, const std::vector<std::unique_ptr<Source>>& sources) {
  for (auto entry = lane.skips.begin(); entry != lane.skips.end();) {
    auto& [split, skips] = *entry;
    const auto progress = lane.splits.find(split);
    const auto source = std::find_if(sources.begin(), sources.end(), [&](const auto& each) {
      return each->name() == entry->first.source;
    });
    if (progress == lane.splits.end() || source == sources.end()) {
      skips.clear();
    } else {
      std::erase_if(skips, [&](const Position& skip) {
        // A position that cannot be compared is kept: leaving its record out stays right.
        return (*source)->distance(skip, progress->second.position).value_or(0) > 0;
      });
    }
    entry = skips.empty() ? lane.skips.erase(entry) : std::next(entry);
  }
}

}  // namespace weir
