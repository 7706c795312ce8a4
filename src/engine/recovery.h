#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "flow/decider.h"
#include "flow/epoch_store.h"
#include "flow/lane_record.h"
#include "flow/source.h"

namespace weir {

/// What recovery knows when it decides (epochs.md section 4, step 5). Facts only.
struct RecoveryFacts {
  LaneId id;
  DeciderKind decider = DeciderKind::kKafka;
  bool store_unreadable = false;
  std::optional<LaneRecord> lane;       ///< none: there is no store
  std::optional<EpochRecord> prepared;  ///< P = D/<L+1>
  std::optional<EpochId> stray;         ///< a D above L that is not L+1
  bool delta_records = false;           ///< D records say what LANE says; a light lane's do not
  CellReading cell;                     ///< read stably; never kUnknown here
  bool takeover = false;                ///< a person said --takeover, or takeover: auto at a start
  bool restorable = false;              ///< delta topic or snapshot reaches the cell's epoch
  std::string job;                      ///< for the commands in messages
  std::string epoch_topic;              ///< where the cell was looked for; for messages
};

enum class RecoveryAction : unsigned char {
  kHalt,
  kFirstStart,    ///< T3: resolve start positions, LANE, claim
  kAdopt,         ///< T4, T12: c and the mirror are the truth
  kRestore,       ///< T4, T12: delta topic or snapshot up to c
  kClaimLocal,    ///< T6: claim with LANE's positions
  kResume,        ///< T8
  kDropPrepared,  ///< T9: delete P and its outbox rows, then as kResume
  kRollForward,   ///< T10: LANE = P
  kGoBack,        ///< T13 with PostgreSQL: back to c
};

struct RecoveryDecision {
  RecoveryAction action = RecoveryAction::kHalt;
  Code halt = Code::kNone;  ///< with kHalt
  std::string text;         ///< with kHalt: what was found, and the commands that lead on
  std::string row;          ///< "T8", for logs and tests
};

/// A decision to halt, as the error that does it. Pure.
Error halted(const RecoveryDecision& decision);

/// What a store holds, as facts. Pure.
void add_store_facts(RecoveryFacts& facts, StoreContents contents);

/// True when `cell` was claimed from this machine's store, noted there or not. Pure.
bool is_owner_of(const LaneRecord& lane, const Cell& cell);

/// True when no claim is noted in `lane`, so that nothing was consumed by it. Pure.
bool never_claimed(const LaneRecord& lane);

/// True when `entry` is an offset of this job, of whatever epoch. Pure.
bool is_own_mark(const MirrorEntry& entry, const LaneId& id);

/// The first row that fits wins. Pure.
RecoveryDecision decide_recovery(const RecoveryFacts& facts);

/// Step 2 and 4: the HALT when the cell's owner is neither LANE.owner nor LANE.owner_next.
/// `host` is this machine's. Nothing when it is ours, when there is no cell of weir's, or when
/// `takeover`. Pure.
std::optional<RecoveryDecision> check_owner(const RecoveryFacts& facts, const std::string& host);

/// Step 6 and the mirror's part of T12: the positions that the lane goes on from.
struct MirrorFacts {
  LaneId id;
  EpochId cell_epoch;
  bool light = true;
  bool adopt = false;               ///< kAdopt: the mirror is the truth; else it must agree
  SplitProgressMap known;           ///< LANE's
  std::vector<MirrorEntry> mirror;  ///< of every split that exists now; none kUnknown
  /// TailState::kOutside: of topics that were made again, which took their offsets with them. Their
  /// readers leave the positions anyway.
  std::set<SplitId> outside;
  std::string job;
};
/// Those that lie outside of their logs. Pure.
std::set<SplitId> outside_of(const std::vector<TailCheck>& checks);

/// True when an offset of this lane, up to the cell's epoch, is among those of `source`.
bool mirrors_source(const MirrorFacts& facts, const std::string& source);

struct MirrorDecision {
  std::optional<RecoveryDecision> halt;
  SplitProgressMap positions;
  std::vector<SplitId> from_beginning;  ///< found later, or without an offset
};
/// `same` compares what the mirror can hold of two positions (the offset). Pure.
MirrorDecision decide_mirror(const MirrorFacts& facts,
                             bool (*same)(const Position& a, const Position& b));

/// HALT source_rewritten when the cluster of `what` is not the one that it was when LANE was
/// written; clusters are compared by their ids. Pure.
std::optional<RecoveryDecision> check_cluster(const std::string& what, const std::string& then,
                                              const std::string& now, const std::string& job);

/// HALT source_rewritten with everything that was rewritten, and one command that leads on from
/// all of it; nothing when no check says so. Pure.
std::optional<RecoveryDecision> decide_tails(const std::vector<TailCheck>& checks,
                                             const std::string& job);

/// The last lines of every HALT corrupt_store; state/, which finds the damage, knows no job.
std::string corrupt_store_ways_out(const std::string& job);

/// Where a source ends, in LANE and by its `end:` as the job file has it now.
struct EndFacts {
  std::string source;
  bool bounded = false;                      ///< the job file has an end
  bool moves = false;                        ///< Source::end_moves
  std::string text_kept, text;               ///< Source::end_text, of `kept` and now
  std::map<std::string, Position> kept;      ///< by split, since its first start
  std::map<std::string, Position> resolved;  ///< now; of those that are not kept at least
  std::function<std::string(const Position&)> describe;
  std::string job;
};
struct EndDecision {
  std::map<std::string, Position> ends;  ///< to be kept
  std::string text;                      ///< that they were resolved from
  std::string notice;                    ///< when they are not what the job file says; else empty
  bool changed = false;                  ///< the job file says something else than then
};
/// A split's end is resolved once and kept; without an `end:` none is. Pure.
EndDecision decide_ends(const EndFacts& facts);

/// T3's part that the group decides.
struct FirstStartFacts {
  LaneId id;
  std::string source;
  std::string group;
  bool start_committed = false;
  bool start_explicit = false;
  bool group_has_members = false;
  std::vector<MirrorEntry> mirror;
  std::string job;
  std::string place;  ///< LaneOptions::places, of the source
};
struct FirstStartDecision {
  std::optional<RecoveryDecision> halt;
  bool by_start =
      false;           ///< resolve `start:`; else the mirror's values, the rest from the beginning
  std::string notice;  ///< what to tell without a HALT; may be empty
};
FirstStartDecision decide_first_start(const FirstStartFacts& facts);

}  // namespace weir
