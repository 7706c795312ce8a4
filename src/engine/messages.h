#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "flow/epoch_record.h"
#include "flow/operator.h"
#include "flow/source.h"

namespace weir {

// What the coordinator, the workers and the committer of a lane say to each other. All of it goes
// through Mailboxes and is passed by value, so nothing here is shared.

// --- coordinator -> worker ---

struct OpenEpoch {
  EpochContext epoch;
  /// Per follower: its outbox is full, and its rows are dead letters (OutboxBound).
  std::vector<bool> diverted = {};
};
/// Finish the batch in hand, take nothing more, answer Sealed.
struct SealEpoch {};
/// Forget the open epoch, every reader and writer; answer Discarded.
struct Discard {};
struct TaskSetup {
  std::size_t source = 0;  ///< index into LaneParts::sources
  SplitAssignment assignment;
  std::unique_ptr<SplitReader> reader;
};
struct Assign {
  AssignmentId assignment;
  std::vector<TaskSetup> tasks;
};
/// `trigger: every`: read up to these ends, which lie behind the ones before.
struct ReadTo {
  std::map<SplitId, Position> ends;
};
struct Quit {};
using WorkerCommand = std::variant<OpenEpoch, SealEpoch, Discard, Assign, ReadTo, Quit>;

// --- worker -> coordinator ---

/// Records are held, and no epoch is open to take them into.
struct HasRecords {};
/// The open epoch has reached a bound of records or bytes.
struct BudgetFull {};
/// The split's assigned end was reached; nothing will ever come.
struct SplitEnded {
  SplitId split;
};
/// Records that are left out alike.
struct SkipKind {
  std::string source, step;
  std::string rule;  ///< "decode" or "eval"
  auto operator<=>(const SkipKind&) const = default;
};
/// The first record of its kind that this worker left out: a count alone does not say what to mend.
struct RowSkipped {
  SkipKind kind;
  std::string text;  ///< for people: the record's place, and why
};
struct SplitLag {
  SplitId split;
  std::int64_t records = 0;
};
struct Sealed {
  std::vector<SplitRange> moved;
  std::vector<OutboxRow> outbox;  ///< for followers, in order per follower and split
  std::uint64_t rows_in = 0, rows_out = 0, rows_skipped = 0, rows_dead = 0, dropped = 0;
  std::uint64_t offsets_lost = 0;
  /// Readers have moved over a loss and give nothing more: the lane is to be assigned anew.
  bool readers_are_done = false;
  std::vector<SplitLag> lags;  ///< of splits whose source knows
};
struct Discarded {
  /// What the epoch had taken, when it was open still: a sealed one has said it.
  std::vector<SplitRange> taken = {};
};
struct WorkerFailed {
  Error error;
  std::optional<SplitId> split;  ///< whose row was refused, where one was
};
struct FromWorker {
  std::size_t worker = 0;
  AssignmentId assignment;  ///< what an older one says does not count; Discarded always does
  std::variant<HasRecords, BudgetFull, SplitEnded, RowSkipped, Sealed, Discarded, WorkerFailed>
      event;
};

// --- coordinator -> committer ---

/// Recovery, steps 1 to 8; `at_start`: this process has not claimed yet.
struct Recover {
  bool at_start = false;
};
/// Start fetching; `wakers` as of Source::assign, one per split that Recovered named.
struct AssignSources {
  std::vector<const Waker*> wakers;
};
struct OpenTransaction {
  AssignmentId assignment;
};
struct CommitEpoch {
  EpochContext epoch;
  std::vector<SplitRange> moved;
  std::vector<OutboxRow> outbox;
};
/// Between two epochs: are there faults of a source, have splits come or gone?
struct LookAround {};
struct Refresh {};
/// `trigger: every`: where do the splits end now?
struct FindEnds {};
struct CleanStop {};
/// Give up the open transaction, stop fetching. Every reader was destroyed before.
struct Release {
  std::vector<SplitRange> taken = {};  ///< to be described
};
using CommitterCommand = std::variant<Recover, AssignSources, OpenTransaction, CommitEpoch,
                                      LookAround, Refresh, FindEnds, CleanStop, Release, Quit>;

// --- committer -> coordinator ---

/// A split that the lane owns after its claim, with where reading goes on.
struct ClaimedSplit {
  std::size_t source = 0;  ///< index into LaneParts::sources
  SplitAssignment assignment;
};
struct Recovered {
  std::vector<ClaimedSplit> splits;
  std::uint64_t offsets_lost = 0;  ///< of splits that the lane has let go
};
struct SourcesAssigned {
  std::vector<std::unique_ptr<SplitReader>> readers;  ///< as Recovered::splits
};
struct TransactionOpened {
  EpochContext epoch;
};
/// The epoch is decided, for good; `after` is what failed behind that, such as the rotation.
struct EpochCommitted {
  std::optional<Error> after;
};
struct LookedAround {
  bool splits_changed = false;
};
struct Refreshed {};
struct EndsFound {
  std::map<SplitId, Position> ends;
};
struct StoppedClean {};
struct Released {
  /// Release::taken for people, and the command that leaves the first record of it out; empty for
  /// none.
  std::string ranges = {}, skip = {};
};
struct CommitterFailed {
  Error error;
};
using CommitterReply =
    std::variant<Recovered, SourcesAssigned, TransactionOpened, EpochCommitted, LookedAround,
                 Refreshed, EndsFound, StoppedClean, Released, CommitterFailed>;
/// How far the committer has come; with every reply.
struct CommitterProgress {
  bool known = false;       ///< false: it has recovered nothing yet, and the rest says nothing
  EpochId epoch;            ///< the last decided one
  SplitProgressMap splits;  ///< where the next epoch begins
  std::vector<std::uint64_t> outbox_bytes;  ///< that wait, per follower
  std::uint64_t doubts = 0;
};
struct FromCommitter {
  std::uint64_t committer = 0;  ///< its number; an abandoned one's words do not count
  CommitterProgress progress;
  CommitterReply reply;
};

// --- follower -> coordinator ---

/// The sink has everything up to `epoch`.
struct FollowerAt {
  EpochId epoch;
  std::uint64_t outbox_bytes = 0;
};
/// It will take nothing more until a person has done something.
struct FollowerFailed {
  Error error;
};
struct FromFollower {
  std::size_t follower = 0;
  std::variant<FollowerAt, FollowerFailed> event;
};

using LaneEvent = std::variant<FromWorker, FromCommitter, FromFollower>;

}  // namespace weir
