#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/waker.h"
#include "data/batch.h"
#include "flow/epoch_record.h"

namespace weir {

/// Writes rows into the open epoch, for one worker.
///
/// Owned by the worker. Thread: that worker.
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;

  /// The epoch is open: what is written from now on belongs to it. Follows to the newest producer
  /// handle. Never blocks.
  virtual Result<> begin(EpochId epoch) = 0;

  /// Writes the selected rows from selection index `from` on, and returns the index of the first
  /// that was not written: the selection's size when all were, less when the sink is full, or is
  /// about to learn why it has failed (its waker is written to when it is worth trying again).
  /// Never blocks. Rows that cannot be rendered, or never
  /// be taken, go to `errors` and count as written. `bytes` grows by what was written. Errors:
  /// kRecover.
  virtual Result<std::size_t> write(const Batch& batch, std::size_t from,
                                    std::vector<RowError>& errors, std::uint64_t& bytes) = 0;
};

/// A sink whose rows are written while the epoch is open: into the decider's transaction, or
/// (at_least_once) at once and flushed before the decision.
///
/// Owned by the lane. Thread: open_writer any, once per worker; the rest the committer.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual const std::string& name() const = 0;

  /// Asks the server what can be known before the first row: that the topic is there. Blocks until
  /// `deadline`, and some seconds more for what the sink can do without. Errors: kRetry; kStopJob.
  virtual Result<> check(MonoTime deadline) = 0;

  /// Before each attempt of an epoch, while nobody writes: what must be known of the server before
  /// the first row, and may have changed since the attempt before. Blocks until `deadline` at most.
  /// Errors: kRetry; kRecover; kStopJob.
  virtual Result<> open(MonoTime /*deadline*/) { return {}; }

  /// `room` is written to when a full sink has room again; it outlives the writer.
  virtual Result<std::unique_ptr<SinkWriter>> open_writer(const Waker* room) = 0;

  /// Blocks until every row of `epoch` is acknowledged. Delivery reports decide, not the client
  /// library's flush, which returns no error for fenced messages.
  /// Errors: kRecover; with Code::kRowTooLarge when rows were refused that the next attempt will
  /// know as errors of their own; with Code::kRowsRefused when the reason lies in rows that nobody
  /// can name (three such epochs at the same positions are HALT poison_epoch).
  virtual Result<> flush(EpochId epoch, MonoTime deadline) = 0;
};

/// A sink that is fed from the outbox after the decision, forward only.
///
/// Thread: render: the workers, const and without shared state; deliver: its follower's.
class FollowerSink {
 public:
  virtual ~FollowerSink() = default;
  virtual const std::string& name() const = 0;

  /// Renders the selected rows for the outbox, in order.
  virtual Result<> render(const Batch& batch, std::vector<std::string>& rows,
                          std::vector<RowError>& errors) const = 0;

  /// Writes all rows of one epoch, idempotently where the sink can. Epochs come in order; after a
  /// crash the last ones come again, as they were. Errors: kRetry, again with back-off; kHalt.
  virtual Result<> deliver(EpochId epoch, std::span<const std::string> rows, MonoTime deadline) = 0;
};

}  // namespace weir
