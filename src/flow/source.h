#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/waker.h"
#include "data/record.h"
#include "flow/lane_record.h"
#include "flow/mirror.h"

namespace weir {

/// A split as it is assigned to a reader.
struct SplitAssignment {
  SplitId split;
  Position position;            ///< the first record it gives is at or after this
  std::optional<Position> end;  ///< it gives nothing at or after this
  /// Records it leaves out, each named by the position that reads it (`weir offsets JOB skip`).
  std::vector<Position> skips = {};
};

enum class FetchState : unsigned char {
  kRecords,   ///< there are records; ask again
  kNothing,   ///< none now; the waker is written to when some come
  kCaughtUp,  ///< the log's end is reached (Kafka's partition EOF); more may come later
  kEnd,       ///< the assigned end is reached; nothing will ever come
  /// Records are gone before they were read, and the source goes on all the same (`on_data_loss`):
  /// at `next`, `lost` offsets further. To be committed as it is, though no record comes. This
  /// reader gives nothing more; the next assignment goes on there.
  kLost,
};

struct Fetch {
  FetchState state = FetchState::kNothing;
  /// Behind the last record given, or the end that was reached: control records and compacted
  /// gaps move it too. Counting records never gets there.
  Position next;
  /// Records below the expected position, dropped.
  std::uint64_t dropped = 0;
  /// Records left out because the assignment's `skips` name them.
  std::uint64_t skipped = 0;
  /// With kLost: offsets that will not be read, as far as the log says. It says nothing of what a
  /// topic held that was deleted and made again; then `next` can lie before the position, too.
  std::uint64_t lost = 0;
  /// Records between `next` and the log's end when known; for people.
  std::optional<std::int64_t> lag_records;
};

/// Reads one split. Replaced as a whole by the next assignment.
///
/// Owned by the worker of the split. Thread: that worker.
class SplitReader {
 public:
  virtual ~SplitReader() = default;

  /// Puts up to `rows_max` records and about `bytes_max` payload bytes into the empty `into`.
  /// Never blocks. Offsets rise strictly (I9); what would not is dropped and counted.
  /// Errors: kHalt data_loss or source_rewritten; kRecover; kStopJob.
  virtual Result<Fetch> fetch(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max) = 0;

  /// Moves the assigned end, forward only: what lies before the new one is given after all.
  virtual void read_to(const Position& end) = 0;
};

struct SplitListing {
  std::string split;
  /// Order of splits among themselves for people and for tasks; Kafka: by topic, then partition.
  std::shared_ptr<const Origin> origin;
};

enum class TailState : unsigned char {
  kSame,        ///< the last consumed record is where it was, unchanged
  kUnverified,  ///< it is gone (compacted, aged out) or none was consumed yet
  kRewritten,   ///< another record stands there
  kOutside,     ///< the log ends before it, and the reader goes on in that log (`on_data_loss`)
};
struct TailCheck {
  SplitId split;
  TailState state = TailState::kUnverified;
  std::string detail;
};

/// What becomes of a split that LANE knows and discover() did not find.
struct Missed {
  /// It was found by a pattern: its position goes, and what stands under its name later is another.
  /// False: the job file names it, and its tail check or its reader says what is the matter.
  bool let_go = false;
  std::uint64_t lost = 0;  ///< offsets that are known to have been there, unread
  std::string detail;      ///< with let_go: what is known of its end, for people
};

/// Where records come from. Configured by its constructor; knows its own `start:`, `end:` and
/// `on_data_loss:`.
///
/// Owned by the lane. Thread: the committer for everything that blocks; readers go to workers.
/// Every blocking call has a deadline; kRetry means that it could not be reached.
class Source {
 public:
  virtual ~Source() = default;
  virtual const std::string& name() const = 0;

  /// Which cluster or place it is, the same for the same data: LANE remembers it.
  virtual Result<std::string> identity(MonoTime deadline) = 0;

  /// All splits that exist now, in order. Called at every start and for refresh. Creates nothing.
  /// Errors: kRetry; kStopJob when a named topic does not exist (first start) or may not be read.
  virtual Result<std::vector<SplitListing>> discover(MonoTime deadline) = 0;

  /// False when the job file no longer names what holds `split`, which an earlier one did: LANE
  /// keeps its position, nobody reads it. A split that is named and gone is still covered: it is
  /// for the tail check or its reader to say. Does not block.
  virtual bool covers(const std::string& /*split*/) const { return true; }

  /// For a split that is covered, and that the last discover() did not find; `position` is where
  /// reading would go on. Does not block.
  /// Errors: kHalt data_loss when offsets of it are lost and `on_data_loss` is `fail`.
  virtual Result<Missed> miss(const std::string& /*split*/, const Position& /*position*/) {
    return Missed{};
  }

  /// `start: committed`: the first positions are the group's offsets, which the decider reads.
  virtual bool starts_at_committed() const = 0;
  /// True when `start:` was written in the job file (T3: an unmarked group is not taken unasked).
  virtual bool start_is_explicit() const = 0;
  /// First positions by `start:` (never for `committed`); called once in the life of a job.
  virtual Result<std::map<std::string, Position>> first_positions(
      const std::vector<std::string>& splits, MonoTime deadline) = 0;
  /// The beginning of splits that were found later, or have no committed offset.
  virtual Result<std::map<std::string, Position>> beginnings(const std::vector<std::string>& splits,
                                                             MonoTime deadline) = 0;

  /// True when `end:` is given, or the source ends by nature (a file).
  virtual bool bounded() const = 0;
  /// `end:` as the job file has it, the same text for the same meaning; empty for none, and where
  /// the positions that it resolves to are other ones only when it is.
  virtual std::string end_text() const { return {}; }
  /// True for an end that lies elsewhere whenever it is asked for (`latest`).
  virtual bool end_moves() const { return false; }
  /// Resolves `end:` to positions. What it was at the first start counts, and is kept.
  virtual Result<std::map<std::string, Position>> ends(const std::vector<std::string>& splits,
                                                       MonoTime deadline) = 0;
  /// The end as of now, for `trigger: available_now`; at every start.
  virtual Result<std::map<std::string, Position>> ends_now(const std::vector<std::string>& splits,
                                                           MonoTime deadline) = 0;

  /// True when a position that the log does not hold is no HALT: readers answer kLost there.
  virtual bool goes_on_after_loss() const { return false; }

  /// Compares the last consumed record of each split with the one that stands there now.
  virtual Result<std::vector<TailCheck>> verify_tails(
      const std::vector<SplitAssignment>& assignments, MonoTime deadline) = 0;

  /// The committed offsets of this source's own group, read stably, one per split in that order;
  /// for sources whose mirror the decider's transaction cannot hold. All absent where a source has
  /// no groups. `with_members` also asks who is in it. Errors: kRetry, kStopJob.
  virtual Result<MirrorReading> read_group(const std::vector<SplitId>& splits, bool with_members,
                                           MonoTime deadline);
  /// Copies decided positions to that group, for lag tools alone. Errors: kRetry, harmless.
  virtual Result<> publish(const MirrorMark& mark, const MirrorPositions& positions,
                           MonoTime deadline);

  /// Starts fetching. Returns one reader per assignment, in that order; all readers of the
  /// assignment before are void and must have been destroyed. `wakers[i]` is written to when
  /// records come for `assignments[i]`; they outlive the readers.
  virtual Result<std::vector<std::unique_ptr<SplitReader>>> assign(
      const std::vector<SplitAssignment>& assignments, const std::vector<const Waker*>& wakers) = 0;
  /// Stops fetching; every reader was destroyed before.
  virtual void unassign() = 0;

  /// A fault of the connection as a whole since the last call (credentials refused, a topic gone),
  /// from error callbacks. Does not block. Thread: the committer.
  virtual Result<> health() = 0;

  /// "topic/3@1200" for people and commands; and back, for `weir offsets JOB seek`.
  virtual std::string describe(const Position& position) const = 0;
  /// Reads an offset as `describe` writes it, without resolving `earliest` and the like.
  virtual Result<Position> parse_position(std::string_view text) const = 0;
  /// How far `to` lies behind `from`, negative when it lies before: Kafka's in offsets, of which
  /// control records and compacted ones take some. Nothing where only reading could tell.
  virtual std::optional<std::int64_t> distance(const Position& /*from*/,
                                               const Position& /*to*/) const {
    return std::nullopt;
  }
};

inline Result<MirrorReading> Source::read_group(const std::vector<SplitId>& splits,
                                                bool /*with_members*/, MonoTime /*deadline*/) {
  MirrorReading reading;
  for (const SplitId& split : splits) {
    reading.entries.push_back({split, ReadState::kAbsent, {}, {}, {}});
  }
  return reading;
}

inline Result<> Source::publish(const MirrorMark& /*mark*/, const MirrorPositions& /*positions*/,
                                MonoTime /*deadline*/) {
  return {};
}

}  // namespace weir
