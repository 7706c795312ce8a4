#include <algorithm>
#include <set>

#include "base/log.h"
#include "engine/committer.h"

// Recovery's positions: what LANE, the group and the sources say of each split, put together.

namespace weir {
namespace {

std::vector<std::string> names_in(const std::vector<SplitId>& splits, const Source& source) {
  std::vector<std::string> names;
  for (const SplitId& split : splits) {
    if (split.source == source.name()) names.push_back(split.split);
  }
  return names;
}

}  // namespace

// The group of a source at its first start, with its members.
Result<MirrorReading> Committer::read_mirror(Source& source, const std::vector<SplitId>& splits) {
  if (mirrored_.contains(source.name())) return read_mirror(splits, true);
  WEIR_ASSIGN(MirrorReading mirror, source.read_group(splits, true, soon()));
  WEIR_TRY(all_known(mirror));
  return mirror;
}

Result<MirrorReading> Committer::read_mirror(const std::vector<SplitId>& splits,
                                             bool with_members) {
  const MonoTime deadline = soon();
  WEIR_ASSIGN(MirrorReading mirror, watched(deadline, [&] {
                return decider_->read_mirror(splits, with_members, deadline);
              }));
  WEIR_TRY(all_known(mirror));
  return mirror;
}

Result<> Committer::all_known(const MirrorReading& mirror) {
  for (const MirrorEntry& entry : mirror.entries) {
    if (entry.state != ReadState::kUnknown) continue;
    return Error{Action::kRetry, Code::kBrokersUnreachable,
                 "an offset of the group is unknown: " + entry.text};
  }
  return {};
}

Result<> Committer::first_positions_of(Source& source, const std::vector<SplitId>& splits,
                                       LaneRecord& lane) {
  const std::vector<std::string> names = names_in(splits, source);
  lane.sources[source.name()].cluster_id = identities_.at(source.name());
  std::vector<SplitId> ids;
  for (const std::string& name : names) ids.push_back({source.name(), name});
  WEIR_ASSIGN(const MirrorReading mirror, read_mirror(source, ids));
  const auto group = parts_.options.groups.find(source.name());
  const auto place = parts_.options.places.find(source.name());
  const FirstStartDecision decision =
      decide_first_start({.id = parts_.id,
                          .source = source.name(),
                          .group = group != parts_.options.groups.end() ? group->second : "",
                          .start_committed = source.starts_at_committed(),
                          .start_explicit = source.start_is_explicit(),
                          .group_has_members = !mirror.groups_with_members.empty(),
                          .mirror = mirror.entries,
                          .job = parts_.options.job_file,
                          .place = place != parts_.options.places.end() ? place->second : ""});
  if (decision.halt) {
    WEIR_TRY(check_cell_stands());
    return halted(*decision.halt);
  }
  if (!decision.notice.empty()) log(LogLevel::kWarn, context(), decision.notice);
  std::map<std::string, Position> positions;
  if (decision.by_start) {
    WEIR_ASSIGN(positions, source.first_positions(names, soon()));
  } else {
    WEIR_ASSIGN(positions, source.beginnings(names, soon()));
    for (const MirrorEntry& entry : mirror.entries) {
      if (entry.state == ReadState::kValue) {
        positions[entry.split.split] = entry.position;
      } else {
        log(LogLevel::kWarn, context(),
            entry.split.text() + " has no committed offset and begins at its beginning");
      }
    }
  }
  for (const SplitId& split : ids) lane.splits[split].position = positions.at(split.split);
  return {};
}

// LANE of a light lane is as of its claim. Where the decider has not gone on without this process,
// that knows better.
void Committer::remember(const LaneRecord& before) {
  if (before.epoch != lane_.epoch || before.attempt != lane_.attempt) return;
  for (auto& [split, progress] : lane_.splits) {
    const auto known = before.splits.find(split);
    if (known != before.splits.end()) progress = known->second;
  }
}

std::vector<SplitId> Committer::missed(const std::vector<SplitId>& found) const {
  const std::set<SplitId> there(found.begin(), found.end());
  std::vector<SplitId> missed;
  for (const auto& [split, progress] : lane_.splits) {
    if (!there.contains(split) && is_read(split)) missed.push_back(split);
  }
  return missed;
}

// What stands under their names later has another `end:` too.
Result<> Committer::let_missed_go(const std::vector<SplitId>& found) {
  for (const SplitId& split : missed(found)) {
    Source& source = *parts_.sources[source_of(split)];
    const Position position = lane_.splits.at(split).position;
    WEIR_ASSIGN(const Missed miss, source.miss(split.split, position));
    if (!miss.let_go) continue;
    log(LogLevel::kWarn, context(),
        split.text() + " is gone, and its position " + source.describe(position) +
            " is forgotten: " + miss.detail);
    offsets_lost_ += miss.lost;
    lane_.splits.erase(split);
    if (const auto record = lane_.sources.find(split.source); record != lane_.sources.end()) {
      record->second.ends.erase(split.split);
    }
  }
  return {};
}

// Positions that only LANE has; what it does not know begins anew.
Result<> Committer::settle_by_lane(const std::vector<SplitId>& splits) {
  std::vector<SplitId> later;
  for (const auto& source : parts_.sources) {
    std::vector<SplitId> unknown;
    for (const std::string& name : names_in(splits, *source)) {
      const SplitId split{source->name(), name};
      if (!lane_.splits.contains(split)) unknown.push_back(split);
    }
    if (unknown.empty()) continue;
    if (lane_.sources.contains(source->name())) {
      later.insert(later.end(), unknown.begin(), unknown.end());
    } else {
      WEIR_TRY(first_positions_of(*source, splits, lane_));
      unclaimed_.insert(unclaimed_.end(), unknown.begin(), unknown.end());
    }
  }
  return start_at_beginning(later);
}

// Step 6 and the mirror's part of T12.
Result<> Committer::settle_positions(bool adopt, const std::vector<SplitId>& splits) {
  WEIR_ASSIGN(const MirrorReading mirror, read_mirror(splits, false));
  MirrorFacts facts{.id = parts_.id,
                    .cell_epoch = facts_.cell.cell->epoch,
                    .light = lane_.light,
                    .adopt = adopt,
                    .known = {},
                    .mirror = mirror.entries,
                    .outside = {},
                    .job = parts_.options.job_file};
  // Those of sources that nothing mirrors stay as they are.
  SplitProgressMap others = lane_.splits;
  std::erase_if(others, [&](const auto& entry) { return is_mirrored(entry.first); });
  facts.known = lane_.splits;
  std::erase_if(facts.known, [&](const auto& entry) { return !is_mirrored(entry.first); });
  // A source that the job file has gained begins as at a first start, unless its first claim was
  // committed and not noted. On a machine without LANE every source looks gained, and the mirror is
  // the truth.
  LaneRecord gained;
  for (const auto& source : parts_.sources) {
    if (!mirrored_.contains(source->name())) continue;
    const bool mirrored = mirrors_source(facts, source->name());
    if (facts_.lane && !lane_.sources.contains(source->name()) && !mirrored) {
      WEIR_TRY(first_positions_of(*source, splits, gained));
      std::erase_if(facts.mirror,
                    [&](const MirrorEntry& entry) { return entry.split.source == source->name(); });
    } else {
      lane_.sources[source->name()].cluster_id = identities_.at(source->name());
    }
  }
  MirrorDecision found = decide_mirror(facts, parts_.options.same_position);
  if (found.halt) {
    WEIR_TRY(check_cell_stands());
    // Deleting a topic deletes its groups' offsets too. When the records are other ones now, that
    // is what a person must know, and adopting or restoring offsets would not help.
    WEIR_ASSIGN(const std::vector<TailCheck> tails, verify_tails(kStartPatience));
    facts.outside = outside_of(tails);
    found = decide_mirror(facts, parts_.options.same_position);
    if (found.halt) return halted(*found.halt);
  }
  lane_.splits = std::move(found.positions);
  lane_.splits.merge(others);
  for (const auto& [split, progress] : gained.splits) unclaimed_.push_back(split);
  lane_.splits.merge(gained.splits);
  lane_.sources.merge(gained.sources);
  return start_at_beginning(found.from_beginning);
}

Result<> Committer::start_at_beginning(const std::vector<SplitId>& splits) {
  for (const auto& source : parts_.sources) {
    const std::vector<std::string> names = names_in(splits, *source);
    if (names.empty()) continue;
    WEIR_ASSIGN(const auto positions, source->beginnings(names, soon()));
    for (const auto& [split, position] : positions) {
      log(LogLevel::kInfo, context(),
          "new partition " + source->name() + "/" + split + " begins at its beginning");
      unclaimed_.push_back({source->name(), split});
      lane_.splits[unclaimed_.back()].position = position;
    }
  }
  return {};
}

}  // namespace weir
