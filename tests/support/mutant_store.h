#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flow/epoch_store.h"

namespace weir::test {

/// A store around another one that does all as it does; mutants override what they get wrong.
class ForwardingStore : public EpochStore {
 public:
  explicit ForwardingStore(std::unique_ptr<EpochStore> real) : real_(std::move(real)) {}

  Result<StoreContents> load() override { return real_->load(); }
  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    return real_->put_lane(lane, sync);
  }
  Result<> put_epoch(EpochRecord& record, const std::vector<OutboxRow>& rows) override {
    return real_->put_epoch(record, rows);
  }
  Result<> put_decided(EpochRecord& record, const std::vector<OutboxRow>& rows,
                       LaneRecord& lane) override {
    return real_->put_decided(record, rows, lane);
  }
  Result<EpochRecord> get_epoch(EpochId epoch) override { return real_->get_epoch(epoch); }
  Result<> drop_above(EpochId epoch) override { return real_->drop_above(epoch); }
  Result<> drop_folded(EpochId epoch) override { return real_->drop_folded(epoch); }
  Result<std::vector<std::string>> outbox(std::string_view follower, EpochId epoch) override {
    return real_->outbox(follower, epoch);
  }
  Result<> acknowledge(std::string_view follower, EpochId epoch) override {
    return real_->acknowledge(follower, epoch);
  }
  Result<EpochId> acknowledged(std::string_view follower) override {
    return real_->acknowledged(follower);
  }
  std::uint64_t outbox_bytes(std::string_view follower) override {
    return real_->outbox_bytes(follower);
  }
  Result<> clear() override { return real_->clear(); }

 protected:
  /// The first write of a claim (epochs.md section 4, step 8).
  static bool is_claiming(const LaneRecord& lane) {
    return lane.owner_next != OwnerId{} && lane.owner != lane.owner_next;
  }

 private:
  const std::unique_ptr<EpochStore> real_;
};

/// Does not sync LANE before a claim is sent: after a loss of power the claim that was committed
/// looks like another machine's.
class UnsyncedClaim final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    return ForwardingStore::put_lane(lane, is_claiming(lane) ? Sync::kNo : sync);
  }
};

/// LANE learns the owner of a claim only behind its commit.
class LateOwner final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    LaneRecord written = lane;
    if (is_claiming(lane)) written.owner_next = last_;
    last_ = written.owner_next;
    return ForwardingStore::put_lane(written, sync);
  }

 private:
  OwnerId last_;
};

/// A claim keeps the owner that LANE had, not the one that it found in the cell.
class ForgetsOwner final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<StoreContents> load() override {
    auto contents = ForwardingStore::load();
    if (contents && contents->lane) had_ = contents->lane->owner;
    return contents;
  }
  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    LaneRecord written = lane;
    if (is_claiming(lane)) written.owner = had_;
    return ForwardingStore::put_lane(written, sync);
  }

 private:
  OwnerId had_;
};

/// D/<N+1> comes before LANE says N (M5).
class ForgetsApplied final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    return sync == Sync::kNo ? Result<>() : ForwardingStore::put_lane(lane, sync);
  }
};

/// A follower is told of an epoch, and gets its rows, when it is prepared (M2).
class ShowsPrepared final : public ForwardingStore {
 public:
  ShowsPrepared(std::unique_ptr<EpochStore> real, std::function<void(EpochId)> tell)
      : ForwardingStore(std::move(real)), tell_(std::move(tell)) {}
  Result<> put_epoch(EpochRecord& record, const std::vector<OutboxRow>& rows) override {
    WEIR_TRY(ForwardingStore::put_epoch(record, rows));
    prepared_ = record.epoch;
    rows_ = rows;
    tell_(record.epoch);
    return {};
  }
  Result<std::vector<std::string>> outbox(std::string_view follower, EpochId epoch) override {
    if (epoch != prepared_) return ForwardingStore::outbox(follower, epoch);
    std::vector<std::string> shown;
    for (const OutboxRow& row : rows_) {
      if (row.follower == follower) shown.push_back(row.bytes);
    }
    return shown;
  }

 private:
  const std::function<void(EpochId)> tell_;
  EpochId prepared_;
  std::vector<OutboxRow> rows_;
};

}  // namespace weir::test
