#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "flow/epoch_record.h"
#include "flow/lane_record.h"
#include "flow/mirror.h"

namespace weir {

/// The decision as the decider keeps it: one fixed place per lane (epochs.md section 2).
struct Cell {
  LaneId id;
  EpochId epoch;
  AttemptId attempt;
  OwnerId owner;
  std::optional<Digest> digest;  ///< none: the epoch wrote no D record
  PlanHash plan;
  std::string host;
  std::chrono::sys_seconds claimed_at{};
  bool operator==(const Cell&) const = default;
};

struct CellReading {
  ReadState state = ReadState::kUnknown;
  std::optional<Cell> cell;  ///< with kValue; none when the text is not weir's (T2)
  std::string text;          ///< with kValue the metadata as found, with kUnknown the reason
};

enum class Verdict : unsigned char {
  kDecided,
  kDecidedWithDoubt,  ///< a copy of a request may still be on its way: rotate before the next begin
};

/// What one commit of the cell carries. Epoch, claim and refresh differ in this only.
struct Commit {
  Cell cell;
  /// Positions for the mirror: the moved splits of an epoch, all of them at a claim or refresh.
  MirrorPositions mirror;
};

/// Where an epoch's output and input positions become visible together: the sink whose commit
/// decides whether the epoch happened (epochs.md).
///
/// One per lane and committer. The committer's thread owns and destroys it; one that hangs is
/// abandoned together with its thread, and a new one is made (DeciderFactory).
///
/// Thread: the committer; never shared. All calls block, at most until their deadline.
class Decider {
 public:
  virtual ~Decider() = default;

  /// Who this is, for LANE. Errors: kRetry when it cannot be reached.
  virtual Result<DeciderRecord> identify(MonoTime deadline) = 0;

  /// Makes the place of the cell when it is missing (the epoch topic).
  /// Errors: kRetry; kStopJob with the command to run when it may not be made.
  virtual Result<> ensure_cell_place(MonoTime deadline) = 0;

  /// A plain read of the cell, possibly one commit old; fences nobody.
  virtual CellReading peek(MonoTime deadline) = 0;

  /// Makes every earlier writer of this lane harmless and settles what it had open. Afterwards a
  /// stable read is final. Also the rotation: the old producer handle is gone.
  /// Errors: kRetry when it cannot be reached, kStopJob for permissions and credentials.
  virtual Result<> fence(MonoTime deadline) = 0;

  /// The cell as no late request can change it any more. Only meaningful after fence(), or to
  /// confirm a peek. A time-out is kUnknown.
  virtual CellReading read_stable(MonoTime deadline) = 0;

  /// The mirror, read as stably. `with_members` also asks who is in its groups.
  virtual Result<MirrorReading> read_mirror(const std::vector<SplitId>& splits, bool with_members,
                                            MonoTime deadline) = 0;
  /// True when commit() carries the mirror in the same transaction as the cell.
  virtual bool mirror_is_transactional() const = 0;

  /// Opens the transaction that the epoch's rows go into. Asks nobody and waits for nothing.
  /// Precondition: fenced; since then nothing was aborted, and every commit decided without doubt
  /// (M4). Errors: kRecover.
  virtual Result<> begin(EpochId epoch) = 0;

  /// Makes `commit.cell` real together with everything produced since begin(). A claim or a
  /// refresh calls it without a begin(); it opens its own transaction then.
  ///
  /// Blocks until the answer is known; there is no deadline, the lane's watchdog stands beside it.
  /// For an epoch whose lane writes D records, the record is durable already (M1).
  /// Precondition: every sink's flush() was OK.
  ///
  /// Errors:
  ///   kRecover   the outcome is unknown; read the cell before anything else
  ///   kStopJob   this cluster will never accept it, such as a missing permission
  virtual Result<Verdict> commit(const Commit& commit) = 0;

  /// Gives up the open transaction; the result does not matter to anybody but waiting readers. A
  /// fence comes before the next begin: late requests of what was given up would join it.
  virtual void abort(MonoTime deadline) = 0;

  /// How often a commit was followed by doubt, since it was made; for metrics.
  virtual std::uint64_t doubts() const = 0;
};

/// Makes a decider that replaces the one before it: sinks follow to the newest, and an abandoned
/// one can touch nothing any more. Thread: any.
using DeciderFactory = std::function<Result<std::unique_ptr<Decider>>()>;

}  // namespace weir
