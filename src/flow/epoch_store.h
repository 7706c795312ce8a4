#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "flow/epoch_record.h"
#include "flow/lane_record.h"

namespace weir {

enum class Sync : bool { kNo, kYes };

/// What a store holds when it is opened, for decide_recovery.
struct StoreContents {
  std::optional<LaneRecord> lane;
  /// Epochs of all D records, rising. Those at or below lane->epoch are the delta log.
  std::vector<EpochId> epochs;
  /// D/<L+1>: prepared, not known to be decided.
  std::optional<EpochRecord> prepared;
};

/// The durable records of one lane on this machine (epochs.md section 2). One per job directory,
/// guarded by its lock file.
///
/// Owned by the lane. Thread: the committer; outbox(), acknowledge(), acknowledged() and
/// outbox_bytes() also the followers'. After a failed write nobody knows what reached the disk: it
/// and every later one is kStopJob, and the next process opens the store and recovers.
class EpochStore {
 public:
  virtual ~EpochStore() = default;

  /// Reads and verifies everything that recovery needs. Before any other call.
  /// Errors: kHalt corrupt_store, naming the record and what is wrong with it.
  virtual Result<StoreContents> load() = 0;

  /// Replaces LANE. Errors, as of all that write: kStopJob when it could not be written, such as to
  /// a disk that is full or read-only.
  virtual Result<> put_lane(const LaneRecord& lane, Sync sync) = 0;

  /// Writes D/<N> and its outbox rows in one batch, with sync; sets record.digest first.
  /// Precondition: LANE says N-1 (M5).
  virtual Result<> put_epoch(EpochRecord& record, const std::vector<OutboxRow>& rows) = 0;
  /// put_epoch() and put_lane() in one batch, with sync: with decider `local` this is the decision.
  /// Sets record.digest and lane.digest.
  virtual Result<> put_decided(EpochRecord& record, const std::vector<OutboxRow>& rows,
                               LaneRecord& lane) = 0;
  /// Errors: kHalt state_lost when there is none, corrupt_store when it is damaged.
  virtual Result<EpochRecord> get_epoch(EpochId epoch) = 0;
  /// Deletes D and OUT of every epoch above `epoch`: they were not decided.
  virtual Result<> drop_above(EpochId epoch) = 0;
  /// Deletes D of every epoch up to `epoch`: they are folded into the base.
  virtual Result<> drop_folded(EpochId epoch) = 0;

  /// Rows of `epoch` for `follower`, in order; none while the epoch is above LANE's (M2).
  virtual Result<std::vector<std::string>> outbox(std::string_view follower, EpochId epoch) = 0;
  /// The follower has everything up to `epoch`; its rows are deleted. Without sync: after a loss of
  /// power it is given some epochs again.
  virtual Result<> acknowledge(std::string_view follower, EpochId epoch) = 0;
  /// 0 before the first.
  virtual Result<EpochId> acknowledged(std::string_view follower) = 0;
  /// Bytes that wait for `follower`, those of an undecided epoch included.
  virtual std::uint64_t outbox_bytes(std::string_view follower) = 0;

  /// Deletes every record of the lane (`weir offsets JOB reset`).
  virtual Result<> clear() = 0;
};

}  // namespace weir
