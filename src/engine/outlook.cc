#include "engine/outlook.h"

#include <algorithm>

namespace weir {
namespace {

RecoveryDecision halt(std::string row, Code code, std::string text) {
  return {RecoveryAction::kHalt, code, std::move(text), std::move(row)};
}

bool has_source(const Survey& survey, const std::string& name) {
  return std::any_of(survey.sources.begin(), survey.sources.end(),
                     [&](const SurveyedSource& source) { return source.name == name; });
}

// LANE's splits that the job still reads.
SplitProgressMap known_splits(const Survey& survey) {
  SplitProgressMap known;
  if (!survey.recovery.lane) return known;
  for (const auto& [split, progress] : survey.recovery.lane->splits) {
    const bool read = has_source(survey, split.source) && !survey.uncovered.contains(split);
    if (read) known[split] = progress;
  }
  return known;
}

std::vector<MirrorEntry> mirror_of(const Survey& survey, const std::string& source = {}) {
  std::vector<MirrorEntry> entries;
  for (const SurveyedSplit& split : survey.splits) {
    if (source.empty() || split.split.source == source) entries.push_back(split.mirror);
  }
  return entries;
}

std::optional<RecoveryDecision> other_cluster(const Survey& survey) {
  const RecoveryFacts& facts = survey.recovery;
  if (!facts.lane) return {};
  if (const auto moved =
          check_cluster("cluster " + survey.decider.cluster_name, facts.lane->decider.cluster_id,
                        survey.decider.cluster_id, facts.job)) {
    return moved;
  }
  for (const SurveyedSource& source : survey.sources) {
    const auto then = facts.lane->sources.find(source.name);
    if (then == facts.lane->sources.end()) continue;
    if (const auto moved = check_cluster("the cluster of source \"" + source.name + "\"",
                                         then->second.cluster_id, source.identity, facts.job)) {
      return moved;
    }
  }
  return {};
}

// What stands in the way of beginning to read `source`.
std::optional<RecoveryDecision> start_halt(const Survey& survey, const SurveyedSource& source) {
  return decide_first_start({.id = survey.recovery.id,
                             .source = source.name,
                             .group = source.group,
                             .start_committed = source.start_committed,
                             .start_explicit = source.start_explicit,
                             .group_has_members = source.group_has_members,
                             .mirror = mirror_of(survey, source.name),
                             .job = survey.recovery.job,
                             .place = source.place})
      .halt;
}

std::optional<RecoveryDecision> first_start_halt(const Survey& survey) {
  for (const SurveyedSource& source : survey.sources) {
    if (auto stops = start_halt(survey, source)) return stops;
  }
  return {};
}

std::set<SplitId> outside_of(const Survey& survey) {
  std::vector<TailCheck> checks;
  for (const auto& [split, check] : survey.tails) checks.push_back(check);
  return weir::outside_of(checks);
}

std::optional<RecoveryDecision> tails_halt(const Survey& survey, const SplitProgressMap& of) {
  std::vector<TailCheck> checks;
  for (const auto& [split, check] : survey.tails) {
    if (of.contains(split)) checks.push_back(check);
  }
  return decide_tails(checks, survey.recovery.job);
}

bool goes_on_after_loss(const Survey& survey, const std::string& source) {
  return std::any_of(survey.sources.begin(), survey.sources.end(), [&](const SurveyedSource& each) {
    return each.name == source && each.goes_on_after_loss;
  });
}

// What the reader finds when it asks for the positions.
std::optional<RecoveryDecision> reader_halt(const Survey& survey, const SplitProgressMap& positions,
                                            const PositionMath& math) {
  std::string text;
  std::string seeks;
  bool lost = false;
  for (const SurveyedSplit& split : survey.splits) {
    const auto found = positions.find(split.split);
    if (found == positions.end() || goes_on_after_loss(survey, split.split.source)) continue;
    const Position& position = found->second.position;
    const std::int64_t before = math.distance(split.split, position, split.log.low).value_or(0);
    const std::int64_t beyond = math.distance(split.split, split.log.high, position).value_or(0);
    if (before <= 0 && beyond <= 0) continue;
    lost = lost || before > 0;
    text +=
        (text.empty() ? "" : "\n") + split.split.text() + ": position " +
        math.describe(split.split, position) + " is not in the log, which holds " +
        math.describe(split.split, split.log.low) + " to " +
        math.describe(split.split, split.log.high) +
        (before > 0 ? ": " + std::to_string(before) + " offsets were deleted before they were read"
                    : "");
    seeks += " " + split.split.text() + "=earliest";
  }
  if (text.empty()) return {};
  return halt("reader", lost ? Code::kDataLoss : Code::kSourceRewritten,
              text + "\n  weir offsets " + survey.recovery.job + " seek" + seeks +
                  "   goes on from the beginning of what is there");
}

std::string unknown_mirror(const Survey& survey) {
  for (const SurveyedSplit& split : survey.splits) {
    if (split.mirror.state == ReadState::kUnknown) {
      return "the group's offset of " + split.split.text() + ": " + split.mirror.text;
    }
  }
  return {};
}

// A source that the job file has gained begins by its `start:`, unless its first claim was
// committed and not noted. On a machine without LANE the mirror is the truth of those it holds.
bool is_gained(const Survey& survey, const MirrorFacts& mirror, const std::string& source) {
  const auto& lane = survey.recovery.lane;
  if (lane && lane->sources.contains(source)) return false;
  return is_mirrored(survey, source) ? lane && !mirrors_source(mirror, source) : true;
}

std::optional<RecoveryDecision> gained_halt(const Survey& survey, const MirrorFacts& mirror) {
  for (const SurveyedSource& source : survey.sources) {
    if (!is_gained(survey, mirror, source.name)) continue;
    if (auto stops = start_halt(survey, source)) return stops;
  }
  return {};
}

// Step 5 has decided to go on: with which positions?
Outlook go_on(const Survey& survey, const PositionMath& math, RecoveryDecision decision) {
  const RecoveryFacts& facts = survey.recovery;
  Outlook outlook{std::move(decision), known_splits(survey), {}, unknown_mirror(survey)};
  if (!outlook.unknown.empty()) return outlook;
  const bool by_lane = facts.cell.state == ReadState::kAbsent;
  const auto by_mirror = [&](const SplitId& split) {
    return !by_lane && is_mirrored(survey, split.source);
  };
  for (const SurveyedSplit& split : survey.splits) {
    if (!by_mirror(split.split) && !outlook.positions.contains(split.split)) {
      outlook.from_beginning.push_back(split.split);
    }
  }
  MirrorFacts gained{.id = facts.id,
                     .cell_epoch = by_lane ? EpochId{} : facts.cell.cell->epoch,
                     .known = {},
                     .mirror = by_lane ? std::vector<MirrorEntry>{} : mirror_of(survey),
                     .outside = {},
                     .job = facts.job};
  if (const auto stops = gained_halt(survey, gained)) {
    outlook.decision = *stops;
    return outlook;
  }
  if (!by_lane) {
    MirrorFacts mirrored{.id = facts.id,
                         .cell_epoch = facts.cell.cell->epoch,
                         .light = !facts.lane || facts.lane->light,
                         .adopt = outlook.decision.action == RecoveryAction::kAdopt,
                         .known = outlook.positions,
                         .mirror = mirror_of(survey),
                         .outside = outside_of(survey),
                         .job = facts.job};
    std::erase_if(mirrored.known, [&](const auto& each) { return !by_mirror(each.first); });
    std::erase_if(mirrored.mirror, [&](const MirrorEntry& entry) {
      return !by_mirror(entry.split) || is_gained(survey, mirrored, entry.split.source);
    });
    MirrorDecision mirror = decide_mirror(mirrored, math.same);
    if (mirror.halt) {
      // Deleting a topic deletes its groups' offsets too: then its records are what to speak of.
      const auto rewritten = tails_halt(survey, outlook.positions);
      outlook.decision = rewritten ? *rewritten : *mirror.halt;
      return outlook;
    }
    std::erase_if(outlook.positions, [&](const auto& each) { return by_mirror(each.first); });
    outlook.positions.merge(mirror.positions);
    outlook.from_beginning.insert(outlook.from_beginning.end(), mirror.from_beginning.begin(),
                                  mirror.from_beginning.end());
  }
  if (const auto rewritten = tails_halt(survey, outlook.positions)) {
    outlook.decision = *rewritten;
  } else if (const auto outside = reader_halt(survey, outlook.positions, math)) {
    outlook.decision = *outside;
  }
  return outlook;
}

}  // namespace

Outlook foresee(const Survey& survey, const PositionMath& math) {
  const RecoveryFacts& facts = survey.recovery;
  if (!survey.damage.empty()) {
    return {halt("T1", Code::kCorruptStore, survey.damage + corrupt_store_ways_out(facts.job)),
            {},
            {},
            {}};
  }
  if (const auto other = other_cluster(survey)) return {*other, known_splits(survey), {}, {}};
  if (facts.cell.state == ReadState::kUnknown) return {{}, {}, {}, "the cell: " + facts.cell.text};
  if (const auto other = check_owner(facts, survey.host)) {
    return {*other, known_splits(survey), {}, {}};
  }
  RecoveryDecision decision = decide_recovery(facts);
  if (decision.action == RecoveryAction::kHalt) {
    return {std::move(decision), known_splits(survey), {}, {}};
  }
  if (decision.action == RecoveryAction::kFirstStart) {
    Outlook outlook{std::move(decision), {}, {}, unknown_mirror(survey)};
    if (const auto stops = first_start_halt(survey)) outlook.decision = *stops;
    return outlook;
  }
  return go_on(survey, math, std::move(decision));
}

bool is_mirrored(const Survey& survey, const std::string& source) {
  const auto found = std::find_if(survey.sources.begin(), survey.sources.end(),
                                  [&](const SurveyedSource& each) { return each.name == source; });
  return found != survey.sources.end() && found->mirrored;
}

bool is_own_mark(const Survey& survey, const MirrorEntry& entry) {
  const RecoveryFacts& facts = survey.recovery;
  const bool ours = is_mirrored(survey, entry.split.source) && entry.state == ReadState::kValue &&
                    is_own_mark(entry, facts.id);
  return ours && (!facts.cell.cell || entry.mark->epoch <= facts.cell.cell->epoch);
}

KnownPlace known_place(const Survey& survey, const SurveyedSplit& split) {
  const RecoveryFacts& facts = survey.recovery;
  const LaneRecord* const lane = facts.lane ? &*facts.lane : nullptr;
  const Cell* const cell = facts.cell.cell ? &*facts.cell.cell : nullptr;
  const bool own_mark = is_own_mark(survey, split.mirror);
  const auto known =
      lane == nullptr ? SplitProgressMap::const_iterator{} : lane->splits.find(split.split);
  const bool has_known = lane != nullptr && known != lane->splits.end();
  // After a clean stop nothing was committed that LANE lacks, unless the cell has gone on.
  const bool last_word =
      lane != nullptr &&
      (cell == nullptr ? lane->clean_stop || never_claimed(*lane)
                       : (cell->epoch == lane->epoch && cell->attempt == lane->attempt) ||
                             (cell->epoch < lane->epoch && lane->clean_stop));
  if (last_word && has_known) return {known->second.position, true};
  const bool regressed = lane != nullptr && cell != nullptr && cell->epoch < lane->epoch;
  if (own_mark && !regressed) return {split.mirror.position, true};
  // LANE is the last word and has never heard of it: nothing of it was read.
  if (last_word) return {split.log.low, true};
  if (has_known) return {known->second.position, false};
  if (own_mark) return {split.mirror.position, false};
  return {};
}

}  // namespace weir
