#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/recovery.h"
#include "flow/source.h"

namespace weir {

/// What a split's log holds now: `low` is its first record, `high` where the next one will stand.
struct LogRange {
  Position low;
  Position high;
};

struct SurveyedSource {
  std::string name;
  std::string group;
  std::string place;  ///< LaneOptions::places
  std::string identity;
  /// The decider's transactions hold its positions, so the group's offsets are the truth; those of
  /// another source are copies, and LANE's and D records' positions are.
  bool mirrored = true;
  bool start_committed = false;
  bool start_explicit = false;
  bool group_has_members = false;
  bool goes_on_after_loss = false;  ///< a position that its log does not hold is no HALT
  /// By `start:` and `end:`, with SurveyMode::kSettleAnew; by split.
  std::map<std::string, Position> first, ends;
  std::string end;  ///< Source::end_text
};

struct SurveyedSplit {
  SplitId split;
  MirrorEntry mirror;
  LogRange log;
};

/// Everything that is known of a lane without running it: the facts of recovery, and what people
/// ask for beside them. Facts only; engine/survey.h gathers them.
struct Survey {
  RecoveryFacts recovery;
  std::string damage;  ///< why the store cannot be read; empty: it can
  std::string host;    ///< this machine's
  PlanHash plan;
  bool light = true;      ///< whether the lane will be, once it is claimed
  DeciderRecord decider;  ///< as it is now; LANE has the one of then
  std::vector<SurveyedSource> sources;
  /// LANE's splits that the job file no longer names, or that its pattern does not find any more.
  std::set<SplitId> uncovered;
  std::vector<SurveyedSplit> splits;   ///< that exist now, in the sources' order
  std::map<SplitId, TailCheck> tails;  ///< of the positions in foresee()
};

/// What sources can say of positions without asking anybody.
struct PositionMath {
  bool (*same)(const Position& a, const Position& b) = nullptr;
  std::function<std::string(const SplitId&, const Position&)> describe;
  /// Source::distance.
  std::function<std::optional<std::int64_t>(const SplitId&, const Position& from,
                                            const Position& to)>
      distance;
};

/// What the next start would do.
struct Outlook {
  RecoveryDecision decision;
  /// That it goes on from. With a HALT those that this machine knows; empty for a first start.
  SplitProgressMap positions;
  std::vector<SplitId> from_beginning;  ///< found later
  /// Why it cannot be told, such as an open transaction that only a fence settles. Then nothing
  /// else counts.
  std::string unknown;

  bool halts() const { return decision.action == RecoveryAction::kHalt; }
  bool halts(Code code) const { return halts() && decision.halt == code; }
};

/// Runs recovery's decisions over a survey, in recovery's order, up to the positions and what the
/// reader would find there. Pure.
Outlook foresee(const Survey& survey, const PositionMath& math);

/// How far a split was read, as far as anything left knows.
struct KnownPlace {
  std::optional<Position> position;
  bool exact = false;  ///< false: it may have been read further than `position`
};
/// LANE's position where LANE is the lane's last word, else the offset that this job marked in the
/// group, else LANE's older position. Pure.
KnownPlace known_place(const Survey& survey, const SurveyedSplit& split);

/// True when the decider's transactions hold the positions of `source`. Pure.
bool is_mirrored(const Survey& survey, const std::string& source);

/// True when `entry` is an offset that this lane committed with the cell, as far as the cell knows.
/// Pure.
bool is_own_mark(const Survey& survey, const MirrorEntry& entry);

}  // namespace weir
