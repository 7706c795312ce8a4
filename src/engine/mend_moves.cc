#include <algorithm>

#include "engine/mend_parts.h"

namespace weir::mending {
namespace {

const SurveyedSplit* find_split(const Survey& survey, const SplitId& split) {
  const auto found = std::find_if(survey.splits.begin(), survey.splits.end(),
                                  [&](const SurveyedSplit& each) { return each.split == split; });
  return found == survey.splits.end() ? nullptr : &*found;
}

Mend no_such_split(const Case& of, const SplitId& split) {
  std::string text = "there is no " + split.text() + "; this job reads";
  for (const SurveyedSplit& each : of.survey.splits) text += "\n  " + each.split.text();
  return refused(std::move(text));
}

Survey without(Survey survey, const SplitId& split) {
  std::erase_if(survey.splits, [&](const SurveyedSplit& each) { return each.split == split; });
  if (survey.recovery.lane) survey.recovery.lane->splits.erase(split);
  survey.tails.erase(split);
  return survey;
}

const Seek* find_seek(const Case& of, const SplitId& split) {
  const auto& seeks = of.request.seeks;
  const auto found = std::find_if(seeks.begin(), seeks.end(),
                                  [&](const Seek& each) { return each.split == split; });
  return found == seeks.end() ? nullptr : &*found;
}

// What is not sought.
struct Others {
  Survey settled;         // but for those that were rewritten
  std::string rewritten;  // " a=earliest b=earliest": they stay, and halt again until sought
};

Others others_of(const Case& of) {
  Others others{of.survey, {}};
  for (const Seek& each : of.request.seeks) {
    others.settled = without(std::move(others.settled), each.split);
  }
  for (const SurveyedSplit& each : of.survey.splits) {
    if (find_seek(of, each.split) != nullptr || !is_rewritten(of.survey, each.split)) continue;
    others.rewritten += " " + each.split.text() + "=earliest";
    others.settled = without(std::move(others.settled), each.split);
  }
  // A partition that is gone is forgotten by every claim.
  std::erase_if(others.settled.tails,
                [&](const auto& tail) { return find_split(of.survey, tail.first) == nullptr; });
  return others;
}

bool others_go_on(const Others& others, const Outlook& outlook) {
  if (!outlook.halts()) return outlook.decision.action != RecoveryAction::kFirstStart;
  // What the reader will not find is known all the same, and sought by the next command.
  if (outlook.decision.row == "reader") return true;
  // Only positions are missing, and they are all given now.
  return others.settled.splits.empty() && outlook.halts(Code::kPositionsExpired);
}

Position target(const Seek& seek, const SurveyedSplit& split) {
  switch (seek.to) {
    case SeekTo::kEarliest:
      return split.log.low;
    case SeekTo::kLatest:
      return split.log.high;
    case SeekTo::kOffset:
      break;
  }
  return seek.offset;
}

void move_sought(Mend& mend, const Case& of, const SurveyedSplit& split, const Position& to) {
  const auto place = known_place(of.survey, split).position;
  const bool beyond =
      place && of.math.distance(split.split, split.log.high, *place).value_or(0) > 0;
  if (beyond || is_rewritten(of.survey, split.split)) {
    move_in_other_log(mend, of, split, to);
  } else {
    move(mend, of, split, to);
  }
}

}  // namespace

Mend seek(const Case& of) {
  if (of.outlook.decision.action == RecoveryAction::kFirstStart) {
    return refused("this job has never run: write `start:` into its file");
  }
  for (const Seek& each : of.request.seeks) {
    const bool known = of.facts().lane && of.facts().lane->splits.contains(each.split);
    if (find_split(of.survey, each.split) == nullptr && !known) {
      return no_such_split(of, each.split);
    }
  }
  const Others others = others_of(of);
  const Outlook outlook = foresee(others.settled, of.math);
  if (!others_go_on(others, outlook)) {
    return refused_by_halt({of.request, others.settled, outlook, of.math},
                           "seek does not help here, or not alone");
  }
  Mend mend{.verdict = MendVerdict::kDo,
            .text = "the partitions named go on elsewhere",
            .changes = {},
            .remarks = {},
            .lane = lane_to_claim(of)};
  for (const SurveyedSplit& split : of.survey.splits) {
    if (const Seek* const wanted = find_seek(of, split.split)) {
      move_sought(mend, of, split, target(*wanted, split));
      continue;
    }
    const auto going_on = outlook.positions.find(split.split);
    const auto place = known_place(of.survey, split).position;
    move(mend, of, split,
         going_on != outlook.positions.end() ? going_on->second.position
                                             : place.value_or(split.log.low));
  }
  if (outlook.halts()) mend.remarks.push_back(outlook.decision.text);
  if (!others.rewritten.empty()) {
    mend.remarks.push_back(
        "these were rewritten too, and halt the next start until they are "
        "sought:\n  weir offsets " +
        of.facts().job + " seek" + others.rewritten);
  }
  carry_over(mend, of);
  // Only what is sought must be in its log; the others are known not to be.
  Survey sought = of.survey;
  std::erase_if(sought.splits,
                [&](const SurveyedSplit& each) { return find_seek(of, each.split) == nullptr; });
  return within_logs(std::move(mend), {of.request, sought, of.outlook, of.math});
}

Mend skip(const Case& of) {
  if (of.outlook.halts()) return refused_by_halt(of, "skip does not help here");
  if (of.outlook.decision.action == RecoveryAction::kFirstStart) {
    return refused("this job has never run, so no record has stopped it");
  }
  Mend mend{.verdict = MendVerdict::kDo,
            .text = "these records are left out, each when the job comes to it",
            .changes = {},
            .remarks = {},
            .lane = lane_to_claim(of)};
  for (const SurveyedSplit& split : of.survey.splits) {
    const auto found = of.outlook.positions.find(split.split);
    move(mend, of, split,
         found == of.outlook.positions.end() ? split.log.low : found->second.position);
  }
  carry_over(mend, of);
  bool any = false;
  for (const auto& [id, record] : of.request.skips) {
    const SurveyedSplit* const split = find_split(of.survey, id);
    if (split == nullptr) return no_such_split(of, id);
    const Position& position = mend.lane.splits.at(id).position;
    const std::string name = id.text() + "@" + of.math.describe(id, record);
    const std::int64_t to_go = of.math.distance(id, position, record).value_or(0);
    if (to_go < 0) {
      return refused("record " + name + " was read already: the position is " +
                     of.math.describe(id, position));
    }
    if (of.math.distance(id, record, split->log.high).value_or(1) <= 0) {
      return refused("there is no record " + name + ": the log ends at " +
                     of.math.describe(id, split->log.high));
    }
    const bool fresh = mend.lane.skips[id].insert(record).second;
    any = any || fresh;
    mend.remarks.push_back("record " + name + (fresh ? " is left out" : " is left out already") +
                           (to_go > 0 ? "; " + std::to_string(to_go) + " offsets come before it"
                                      : "; it is the next one"));
  }
  if (!any) return nothing_to_do(of, "those records are left out already");
  return mend;
}

namespace {

// T3's rule for the group, but for the offsets that this job wrote itself: leaving those is what
// a reset is for, and with `start: committed` they are what the file asks for.
std::optional<RecoveryDecision> start_halt(const Case& of, const SurveyedSource& source) {
  FirstStartFacts facts{.id = of.facts().id,
                        .source = source.name,
                        .group = source.group,
                        .start_committed = source.start_committed,
                        .start_explicit = source.start_explicit,
                        .group_has_members = source.group_has_members,
                        .mirror = {},
                        .job = of.facts().job,
                        .place = source.place};
  for (const SurveyedSplit& split : of.survey.splits) {
    if (split.split.source != source.name) continue;
    MirrorEntry entry = split.mirror;
    const bool own = is_own_mark(of.survey, entry);
    entry.mark.reset();
    if (source.start_committed || !own) facts.mirror.push_back(std::move(entry));
  }
  return decide_first_start(facts).halt;
}

}  // namespace

Mend reset(const Case& of) {
  const Outlook& outlook = of.outlook;
  if (outlook.decision.action == RecoveryAction::kFirstStart) {
    return nothing_to_do(of, "this job has never run");
  }
  if (outlook.halts(Code::kForeignCell) || outlook.halts(Code::kGroupInUse) ||
      outlook.halts(Code::kNoOffsets) || outlook.halts(Code::kInDoubt)) {
    return refused_by_halt(of, "reset does not help here");
  }
  Mend mend{.verdict = MendVerdict::kDo,
            .text = "a new first start: every position by `start:` of the job file",
            .changes = {},
            .remarks = {},
            .lane = lane_to_claim(of),
            .drop_prepared = true,
            .drop_applied = true};
  mend.lane.light = of.survey.light;
  mend.lane.sources.clear();
  mend.lane.watermark.reset();
  for (const SurveyedSource& source : of.survey.sources) {
    if (const auto stops = start_halt(of, source)) {
      return refused(halt_text(*stops));
    }
    mend.lane.sources[source.name] = {source.identity, source.ends, source.end};
  }
  for (const SurveyedSplit& split : of.survey.splits) {
    const auto source =
        std::find_if(of.survey.sources.begin(), of.survey.sources.end(),
                     [&](const SurveyedSource& each) { return each.name == split.split.source; });
    const auto first = source->first.find(split.split.split);
    const bool committed = source->start_committed && split.mirror.state == ReadState::kValue;
    const Position to = committed                      ? split.mirror.position
                        : first == source->first.end() ? split.log.low
                                                       : first->second;
    if (is_rewritten(of.survey, split.split) || outlook.decision.row == "cluster") {
      move_in_other_log(mend, of, split, to);
    } else {
      move(mend, of, split, to);
    }
    // The tail too: nothing was read yet.
    mend.lane.splits[split.split] = {.position = to, .watermark = {}, .idle = false};
  }
  if (of.facts().lane && !of.facts().lane->skips.empty()) {
    mend.remarks.push_back("the records that were to be left out are forgotten");
  }
  mend.remarks.push_back("rows that are in the output stay there; what is read again comes again");
  return within_logs(std::move(mend), of);
}

}  // namespace weir::mending
