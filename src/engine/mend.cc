#include "engine/mend.h"

#include <algorithm>

#include "engine/mend_parts.h"

namespace weir {
namespace {

using mending::Case;
using mending::halt_text;
using mending::lane_to_claim;
using mending::move;
using mending::nothing_to_do;
using mending::refused;
using mending::refused_by_halt;

Mend finish(Mend mend, const Case& of) {
  mending::carry_over(mend, of);
  for (const SurveyedSource& source : of.survey.sources) {
    if (source.group_has_members) {
      mend.remarks.push_back("group " + source.group +
                             " has live members, which may move its offsets again");
    }
  }
  return mending::within_logs(std::move(mend), of);
}

Mend adopt(const Case& of) {
  const Outlook& outlook = of.outlook;
  if (!outlook.halts()) {
    return nothing_to_do(of, outlook.decision.action == RecoveryAction::kFirstStart
                                 ? "this job has never run"
                                 : "the group's offsets are this job's positions");
  }
  if (!outlook.halts(Code::kIdentityLost) && !outlook.halts(Code::kPositionsExpired) &&
      !outlook.halts(Code::kForeignOffsets)) {
    return refused_by_halt(of, "adopt does not help here");
  }
  const bool any =
      std::any_of(of.survey.splits.begin(), of.survey.splits.end(),
                  [](const SurveyedSplit& each) { return each.mirror.state == ReadState::kValue; });
  if (!any) return refused_by_halt(of, "there is nothing to adopt: the group has no offset");
  Mend mend{.verdict = MendVerdict::kDo,
            .text = "the group's offsets become the positions",
            .changes = {},
            .remarks = {},
            .lane = lane_to_claim(of)};
  for (const SurveyedSplit& split : of.survey.splits) {
    // A group that only has copies says nothing that this machine's record does not know better.
    const bool copies = !is_mirrored(of.survey, split.split.source) && of.facts().lane;
    if (split.mirror.state == ReadState::kValue && !copies) {
      move(mend, of, split, split.mirror.position);
      continue;
    }
    const KnownPlace place = known_place(of.survey, split);
    move(mend, of, split, place.position.value_or(split.log.low),
         !place.position ? "the group has none: its beginning"
         : place.exact   ? "the group has none: this job's own"
                         : "the group has none: this machine's older one");
  }
  return finish(std::move(mend), of);
}

// This job's own positions, as far as anything knows them, go to the group.
Mend own_positions(const Case& of, LaneRecord lane, std::string text) {
  Mend mend{.verdict = MendVerdict::kDo,
            .text = std::move(text),
            .changes = {},
            .remarks = {},
            .lane = std::move(lane)};
  for (const SurveyedSplit& split : of.survey.splits) {
    const KnownPlace place = known_place(of.survey, split);
    move(mend, of, split, place.position.value_or(split.log.low),
         !place.position ? "not known here: its beginning"
         : place.exact   ? ""
                         : "this machine's older one");
  }
  return finish(std::move(mend), of);
}

Mend restore(const Case& of) {
  const Outlook& outlook = of.outlook;
  if (!outlook.halts()) {
    return nothing_to_do(of, outlook.decision.action == RecoveryAction::kFirstStart
                                 ? "this job has never run"
                                 : "the group has this job's positions");
  }
  if (!of.facts().lane) return refused_by_halt(of, "this machine has no record to restore from");
  if (!outlook.halts(Code::kPositionsExpired) && !outlook.halts(Code::kForeignOffsets)) {
    return refused_by_halt(of, "restore does not help here");
  }
  return own_positions(of, lane_to_claim(of), "this job's own positions go to the group");
}

Mend trust_local(const Case& of) {
  LaneRecord lane = lane_to_claim(of);
  lane.epoch = of.facts().lane->epoch;
  lane.attempt = of.facts().lane->attempt;
  lane.digest = of.facts().lane->digest;
  Mend mend = own_positions(of, std::move(lane),
                            "this machine's record is the truth; the cell goes from epoch " +
                                std::to_string(of.facts().cell.cell->epoch.value()) + " to " +
                                std::to_string(of.facts().lane->epoch.value()));
  mend.remarks.push_back(
      "rows that the cluster lost, of epochs that it does not know any more, are not written "
      "again");
  return mend;
}

Mend trust_decider(const Case& of) {
  Mend mend{.verdict = MendVerdict::kDo,
            .text = "cell and group are the truth; this machine's record goes from epoch " +
                    std::to_string(of.facts().lane->epoch.value()) + " to " +
                    std::to_string(of.facts().cell.cell->epoch.value()),
            .changes = {},
            .remarks = {},
            .lane = lane_to_claim(of)};
  std::string lacking;
  for (const SurveyedSplit& split : of.survey.splits) {
    if (is_own_mark(of.survey, split.mirror)) {
      move(mend, of, split, split.mirror.position);
    } else if (split.mirror.state == ReadState::kAbsent &&
               !of.facts().lane->splits.contains(split.split)) {
      move(mend, of, split, split.log.low, "found later: its beginning");
    } else {
      lacking += "\n  " + split.split.text();
    }
  }
  if (!lacking.empty()) {
    return refused("the group has no offset of this job for" + lacking +
                   "\nso the decider cannot be trusted with them: decide --trust-local, or reset");
  }
  mend.remarks.push_back("rows of the epochs after it that are still in the output come again");
  return finish(std::move(mend), of);
}

Mend regressed(const Case& of) {
  if (!of.outlook.halts(Code::kDeciderRegressed)) {
    if (of.outlook.halts()) return refused_by_halt(of, "the decider did not go back");
    return nothing_to_do(of, "the decider did not go back");
  }
  return of.request.kind == MendKind::kTrustLocal ? trust_local(of) : trust_decider(of);
}

Mend in_doubt(const Case& of) {
  if (!of.outlook.halts(Code::kInDoubt)) {
    if (of.outlook.halts()) return refused_by_halt(of, "no epoch is in doubt");
    return nothing_to_do(of, "no epoch is in doubt");
  }
  const EpochRecord& prepared = *of.facts().prepared;
  const bool committed = of.request.kind == MendKind::kCommitted;
  const std::string epoch = "epoch " + std::to_string(prepared.epoch.value());
  Mend mend{.verdict = MendVerdict::kDo,
            .text = committed ? epoch + " counts as committed: its rows are in the output"
                              : epoch + " counts as not committed: its input is read again",
            .changes = {},
            .remarks = {},
            .lane = lane_to_claim(of),
            .drop_prepared = !committed};
  if (committed) {
    mend.lane.epoch = prepared.epoch;
    mend.lane.attempt = prepared.attempt;
    mend.lane.digest = prepared.digest;
    mend.lane.watermark = prepared.watermark;
    mend.lane.clock = prepared.clock;
  }
  for (const SurveyedSplit& split : of.survey.splits) {
    const SplitProgressMap& splits = committed ? prepared.splits : of.facts().lane->splits;
    const auto found = splits.find(split.split);
    if (found == splits.end()) {
      move(mend, of, split, split.log.low, "found later: its beginning");
      continue;
    }
    mend.lane.splits[split.split] = found->second;
    // Both answers are the truth when they are right, so neither skips nor repeats.
    mend.changes.push_back({.split = split.split,
                            .from = found->second.position,
                            .to = found->second.position,
                            .skipped = 0,
                            .again = 0,
                            .at_most = false,
                            .note = {}});
  }
  return finish(std::move(mend), of);
}

}  // namespace

std::string_view to_string(MendKind kind) {
  switch (kind) {
    case MendKind::kAdopt:
      return "adopt";
    case MendKind::kRestore:
      return "restore";
    case MendKind::kCommitted:
      return "decide --committed";
    case MendKind::kNotCommitted:
      return "decide --not-committed";
    case MendKind::kTrustLocal:
      return "decide --trust-local";
    case MendKind::kTrustDecider:
      return "decide --trust-decider";
    case MendKind::kSeek:
      return "seek";
    case MendKind::kSkip:
      return "skip";
    case MendKind::kReset:
      return "reset";
  }
  return "?";
}

Mend decide_mend(const MendRequest& request, const Survey& survey, const Outlook& outlook,
                 const PositionMath& math) {
  const Case of{request, survey, outlook, math};
  if (!outlook.unknown.empty()) return refused("what is there cannot be told: " + outlook.unknown);
  // Not by the outlook: a store that cannot be read comes first there, and knows no owner.
  if (const auto other = check_owner(survey.recovery, survey.host)) {
    return refused((survey.damage.empty() ? "this is another machine's job now"
                                          : "without the store, whose job this is cannot be told") +
                   std::string("\n") + halt_text(*other) +
                   "\n  or, when the other one is stopped for good: this command with --takeover");
  }
  switch (request.kind) {
    case MendKind::kAdopt:
      return adopt(of);
    case MendKind::kRestore:
      return restore(of);
    case MendKind::kCommitted:
    case MendKind::kNotCommitted:
      return in_doubt(of);
    case MendKind::kTrustLocal:
    case MendKind::kTrustDecider:
      return regressed(of);
    case MendKind::kSeek:
      return mending::seek(of);
    case MendKind::kSkip:
      return mending::skip(of);
    case MendKind::kReset:
      return mending::reset(of);
  }
  return refused("there is no such command");
}

}  // namespace weir
