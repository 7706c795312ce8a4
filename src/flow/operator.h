#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "data/batch.h"
#include "flow/keyed_state.h"

namespace weir {

/// What stands for the whole of the open epoch. The clock was read once, at OPEN.
struct EpochContext {
  EpochId epoch;
  WallTime clock;
  AssignmentId assignment;
};

/// Takes what an operator lets out. Port 0 is the next step; `route` has one port per entry.
class Emitter {
 public:
  virtual ~Emitter() = default;
  virtual Result<> emit(BatchPtr batch, std::size_t port = 0) = 0;
  /// A row that could not be evaluated; the job's `errors: eval` rule applies to it. The operator
  /// has taken it out of the selection. Errors: kHalt poison_record when the rule is `fail`.
  virtual Result<> reject(const Batch& batch, RowError error) = 0;
};

/// How the rows of a step reach it.
struct Placement {
  /// Empty: rows are processed where they are (stage 0 or the stage before). Otherwise the step
  /// begins a new stage and its rows go to the shard that owns the key group of these columns.
  std::vector<std::size_t> key_columns;
};

/// One step of a job. An object per task, so nothing in it is shared.
///
/// Owned by its task. Thread: that task's worker.
class Operator {
 public:
  virtual ~Operator() = default;

  /// Where the rows must be. Constant.
  virtual Placement placement() const { return {}; }
  /// Binds the state of this (step, shard) before the first batch; stateless steps ignore it.
  virtual Result<> open(KeyedState* state) {
    static_cast<void>(state);
    return {};
  }

  /// Takes a batch and emits what comes of it, now or at the epoch's end.
  /// Errors: those of `out`; kHalt; kStopJob. Row errors go to out.reject.
  virtual Result<> process(BatchPtr batch, const EpochContext& epoch, Emitter& out) = 0;

  /// end(N, watermark) has come from every sender: fires timers, closes windows. Nothing of N
  /// comes after it.
  virtual Result<> end(const EpochContext& epoch, std::optional<WallTime> watermark, Emitter& out) {
    static_cast<void>(epoch);
    static_cast<void>(watermark);
    static_cast<void>(out);
    return {};
  }

  /// RECOVER: forgets everything of the open epoch that is not in KeyedState (that goes back by its
  /// own undo list).
  virtual void discard() {}
};

}  // namespace weir
