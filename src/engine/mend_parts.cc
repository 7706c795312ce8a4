#include "engine/mend_parts.h"

#include <algorithm>

namespace weir::mending {
namespace {

SplitChange count(const Case& of, const SurveyedSplit& split, const Position& to) {
  SplitChange change{.split = split.split,
                     .from = {},
                     .to = to,
                     .skipped = {},
                     .again = {},
                     .at_most = false,
                     .note = {}};
  const auto distance = [&](const Position& from, const Position& until) {
    return of.math.distance(split.split, from, until);
  };
  const KnownPlace place = known_place(of.survey, split);
  change.from = place.position;
  const auto ahead = distance(to, split.log.high);
  const auto behind = distance(place.position.value_or(split.log.low), to);
  if (!ahead || !behind) return change;
  change.skipped = std::max<std::int64_t>(0, *behind);
  change.again = std::max<std::int64_t>(0, place.exact ? -*behind : *ahead);
  change.at_most = !place.exact && (*change.skipped > 0 || *change.again > 0);
  return change;
}

// What is not there, such as a file that was read to its end, keeps its position: nothing else
// knows it. Seeking it is how a person forgets it.
bool is_kept(const Case& of, const SplitId& split) {
  const auto& sources = of.survey.sources;
  const bool known = std::any_of(sources.begin(), sources.end(), [&](const SurveyedSource& each) {
    return each.name == split.source;
  });
  const bool sought = std::any_of(of.request.seeks.begin(), of.request.seeks.end(),
                                  [&](const Seek& each) { return each.split == split; });
  return known && !sought && !is_mirrored(of.survey, split.source);
}

}  // namespace

bool is_rewritten(const Survey& survey, const SplitId& split) {
  const auto check = survey.tails.find(split);
  return check != survey.tails.end() && (check->second.state == TailState::kRewritten ||
                                         check->second.state == TailState::kOutside);
}

std::string halt_text(const RecoveryDecision& halt) {
  return "HALT " + std::string(code_name(halt.halt)) + " (" + to_string(halt.halt) +
         "): " + halt.text;
}

Mend refused(std::string text) {
  Mend mend;
  mend.text = std::move(text);
  return mend;
}

Mend refused_by_halt(const Case& of, std::string_view why) {
  return refused(std::string(why) + "\n" + halt_text(of.outlook.decision));
}

Mend nothing_to_do(const Case& of, std::string_view why) {
  Mend mend;
  mend.verdict = MendVerdict::kNothingToDo;
  mend.text = "nothing to do: " + std::string(why) + "; row " + of.outlook.decision.row +
              ", weir run " + of.facts().job + " goes on";
  return mend;
}

LaneRecord lane_to_claim(const Case& of) {
  const RecoveryFacts& facts = of.facts();
  LaneRecord lane = facts.lane.value_or(LaneRecord{});
  lane.id = facts.id;
  lane.plan = of.survey.plan;
  lane.decider = of.survey.decider;
  for (const SurveyedSource& source : of.survey.sources) {
    lane.sources[source.name].cluster_id = source.identity;
  }
  lane.splits.clear();
  lane.skips.clear();
  if (facts.cell.cell) {
    lane.epoch = facts.cell.cell->epoch;
    lane.attempt = facts.cell.cell->attempt;
    lane.digest = facts.cell.cell->digest;
    return lane;
  }
  for (const SurveyedSplit& split : of.survey.splits) {
    if (!is_own_mark(of.survey, split.mirror) || split.mirror.mark->epoch <= lane.epoch) continue;
    lane.epoch = split.mirror.mark->epoch;
    lane.attempt = of.request.attempt;
    lane.digest.reset();
  }
  return lane;
}

void move(Mend& mend, const Case& of, const SurveyedSplit& split, const Position& to,
          std::string note) {
  SplitChange change = count(of, split, to);
  change.note = std::move(note);
  SplitProgress progress;
  if (of.facts().lane) {
    const auto known = of.facts().lane->splits.find(split.split);
    if (known != of.facts().lane->splits.end()) progress = known->second;
  }
  // LANE's position knows the tail's offset, which one read from a group does not.
  if (!of.math.same(progress.position, to)) progress.position = to;
  mend.lane.splits[split.split] = std::move(progress);
  mend.changes.push_back(std::move(change));
}

void move_in_other_log(Mend& mend, const Case& of, const SurveyedSplit& split, const Position& to) {
  SplitChange change{.split = split.split,
                     .from = known_place(of.survey, split).position,
                     .to = to,
                     .skipped = of.math.distance(split.split, split.log.low, to),
                     .again = 0,
                     .at_most = false,
                     .note = "another log than the one that was read"};
  mend.lane.splits[split.split].position = to;
  // An `end:` was resolved in the old log.
  mend.lane.sources[split.split.source].ends.erase(split.split.split);
  mend.changes.push_back(std::move(change));
}

void carry_over(Mend& mend, const Case& of) {
  if (!of.facts().lane) return;
  for (const auto& [split, progress] : of.facts().lane->splits) {
    if (mend.lane.splits.contains(split)) continue;
    if (is_kept(of, split)) {
      mend.lane.splits[split] = progress;
    } else {
      mend.remarks.push_back(split.text() + " is not there any more and is forgotten");
    }
  }
  for (const auto& [split, skips] : of.facts().lane->skips) {
    const auto found = mend.lane.splits.find(split);
    if (found == mend.lane.splits.end()) continue;
    for (const Position& skip : skips) {
      const auto passed = of.math.distance(split, skip, found->second.position);
      if (passed.value_or(0) > 0) continue;
      if (is_rewritten(of.survey, split)) {
        mend.remarks.push_back("record " + split.text() + "@" + of.math.describe(split, skip) +
                               " was to be left out; it was one of the old log, and is forgotten");
      } else {
        mend.lane.skips[split].insert(skip);
      }
    }
  }
}

Mend within_logs(Mend mend, const Case& of) {
  std::string outside;
  for (const SurveyedSplit& split : of.survey.splits) {
    const auto found = mend.lane.splits.find(split.split);
    if (found == mend.lane.splits.end()) continue;
    const Position& to = found->second.position;
    const bool before = of.math.distance(split.split, to, split.log.low).value_or(0) > 0;
    const bool beyond = of.math.distance(split.split, split.log.high, to).value_or(0) > 0;
    if (!before && !beyond) continue;
    outside += "\n  " + split.split.text() + ": " + of.math.describe(split.split, to) +
               ", and the log holds " + of.math.describe(split.split, split.log.low) + " to " +
               of.math.describe(split.split, split.log.high);
  }
  if (outside.empty()) return mend;
  return refused("the job could not read on from there:" + outside);
}

}  // namespace weir::mending
