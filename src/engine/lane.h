#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/snapshot.h"
#include "flow/decider.h"
#include "flow/epoch_store.h"
#include "flow/operator.h"
#include "flow/sink.h"
#include "flow/source.h"

namespace weir {

/// kSink: a row that its sink cannot render, or take.
enum class RowErrorKind : unsigned char { kDecode, kEval, kSink };

/// Where a pipeline lets rows out.
class PipelineOut {
 public:
  virtual ~PipelineOut() = default;
  /// `batch` goes to that sink. Never blocks.
  virtual void rows(SinkIndex sink, BatchPtr batch) = 0;
  /// A row that could not be decoded or evaluated, in `step`. Errors: kHalt when the job's rule is
  /// `fail`.
  virtual Result<> reject(RowErrorKind kind, std::string_view step, const Batch& batch,
                          const RowError& error) = 0;
  /// Forgets every row, letter and count that the records at hand have given: they are processed
  /// once more, from the first.
  virtual void start_over() = 0;
};

/// A source's records to rows for the sinks: decoder and operators of stage 0. One per worker and
/// source; nothing in it is shared. Thread: its worker.
class Pipeline {
 public:
  virtual ~Pipeline() = default;
  virtual Result<> process(RecordBatch&& records, const EpochContext& epoch, PipelineOut& out) = 0;
};
/// Makes the pipeline of one source (an index into LaneParts::sources).
using PipelineFactory = std::function<Result<std::unique_ptr<Pipeline>>(std::size_t source)>;

/// What becomes of a row with an error.
struct RowErrorRule {
  enum class Kind : unsigned char { kFail, kSkip, kDeadLetter };
  Kind kind = Kind::kFail;
  SinkIndex dead_letters;  ///< kDeadLetter: a sink of batches as in dead_letters.h
};

struct LaneOptions {
  std::string job_file;  ///< as the user named it, for commands in messages
  PlanHash plan;
  std::string host;  ///< this machine's, as a cell holds it
  std::chrono::microseconds commit_every = std::chrono::seconds(1);
  std::uint64_t commit_records = 200'000;
  std::uint64_t commit_bytes = 64ULL * 1024 * 1024;
  /// How often splits are looked for that have come or gone.
  std::chrono::microseconds look_every = std::chrono::seconds(60);
  bool available_now = false;
  /// `trigger: { every: ... }`: at each tick what is there then, and nothing between two ticks.
  std::optional<std::chrono::microseconds> trigger_every;
  bool takeover = false;       ///< --takeover, for this start
  bool takeover_auto = false;  ///< delivery.takeover: auto
  /// False: D records are written whatever the sources are, for the state or followers of the plan.
  bool may_be_light = true;
  bool rotate_always = true;  ///< delivery.rotate: a new producer after every commit, not on doubt
  std::chrono::microseconds drain_timeout = std::chrono::seconds(60);
  /// How long the end of a lane waits for its client libraries to close.
  std::chrono::microseconds close_timeout = std::chrono::seconds(10);
  std::size_t threads_max = 8;
  bool log_progress = false;  ///< a line a minute (progress.h)
  RowErrorRule decode_errors, eval_errors, sink_errors;
  std::string job;                            ///< its name, for dead letters
  std::map<std::string, std::string> groups;  ///< source name -> its group, if any
  /// Source name -> where the job file has it, "clicks.yaml:7"; for messages.
  std::map<std::string, std::string> places;
  /// True when two positions are one offset; the source's connector knows.
  bool (*same_position)(const Position& a, const Position& b) = nullptr;
};

/// How much may wait for a follower, and what happens to its rows beyond that.
struct OutboxBound {
  std::string follower;
  std::uint64_t bytes_max = 0;
  std::optional<SinkIndex> dead_letters = {};  ///< none: intake stops until there is room
};

/// Everything a lane is made of; job/build.cc fills it in.
struct LaneParts {
  LaneId id;
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<std::unique_ptr<Sink>> sinks;
  /// SinkIndex counts sinks first, then these.
  std::vector<std::unique_ptr<FollowerSink>> followers;
  std::vector<OutboxBound> outbox_bounds;  ///< per follower
  PipelineFactory make_pipeline;
  DeciderFactory make_decider;
  std::unique_ptr<EpochStore> store;
  LaneOptions options;
};

enum class LaneState : unsigned char {
  kStarting,
  kWaitingForKafka,
  kRunning,
  kDraining,
  kStopped,
  kFinished,
  kHalted,
  kFailed,
};
std::string_view to_string(LaneState state);

/// How far one split was read.
struct SplitStatus {
  Position first;  ///< where its last range began
  Position next;
  std::uint64_t records = 0;  ///< committed by this process
  std::optional<std::int64_t> lag_records;
};
using SplitStatuses = std::map<SplitId, SplitStatus>;

/// An epoch's time, from its opening to its decision.
struct EpochTimes {
  WallTime opened{};
  std::chrono::microseconds open{}, seal{}, commit{};
  std::uint64_t rows_in = 0, rows_out = 0;
};

/// What people and metrics see.
struct LaneStatus {
  LaneState state = LaneState::kStarting;
  EpochId epoch;
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t rows_skipped = 0;  ///< by `errors: skip` and `weir offsets skip`
  std::uint64_t rows_dead = 0;     ///< sent to dead-letter sinks
  std::uint64_t offsets_lost = 0;  ///< gone before they were read (`on_data_loss`)
  std::uint64_t bytes_in = 0;
  std::uint64_t epochs = 0;  ///< committed by this process
  std::uint64_t recovers = 0;
  std::uint64_t doubts = 0;  ///< commits of this process after which a request may be on its way
  std::optional<std::int64_t> lag_records;
  std::chrono::microseconds start_to_claim{};
  std::optional<std::chrono::microseconds> start_to_first_record;
  std::string last_error;
  std::shared_ptr<const SplitStatuses> splits = {};  ///< null before the first assignment
  std::optional<EpochTimes> last_epoch = {};         ///< with rows
  /// When the last epoch was decided, or the lane was assigned, if none was since.
  std::optional<MonoTime> committed_at = {};
  std::optional<MonoTime> open_since = {};  ///< of the epoch that is open, if one is
  std::uint64_t outbox_bytes = 0;           ///< of all followers
};

struct LaneOutcome {
  LaneState state = LaneState::kStopped;  ///< kStopped, kFinished, kHalted or kFailed
  std::optional<Error> error;
  /// A thread is still inside of a call that does not return, or was not waited for: the process
  /// must leave by _Exit. Nothing is lost: the next start settles what is open.
  bool threads_left = false;
};

/// Runs one lane: recovery, then epoch after epoch, until it is stopped, has read its bounded
/// sources, or halts. It is the threads around a Coordinator: workers and the committer.
///
/// Owned by the job. Thread: run() blocks its caller, which becomes the coordinator's thread;
/// request_stop() and status() any.
class Lane {
 public:
  /// `clock` and `random` outlive the process's last thread.
  static Result<std::unique_ptr<Lane>> open(LaneParts parts, const Clock& clock, Random& random);
  virtual ~Lane() = default;

  virtual LaneOutcome run() = 0;
  /// First: drain (seal, commit, clean stop). Second: abort the open transaction; nothing is lost
  /// either way. Third: leave at once. Async-signal-safe.
  virtual void request_stop() = 0;
  virtual std::shared_ptr<const LaneStatus> status() const = 0;
  /// A position of `split`, for people; empty for a split of no source. Thread: any.
  virtual std::string describe(const SplitId& split, const Position& position) const = 0;
  /// How often the coordinator's loop came round; one that does not after poke() hangs.
  /// Thread: any.
  virtual std::uint64_t turns() const = 0;
  virtual void poke() = 0;
};

}  // namespace weir
