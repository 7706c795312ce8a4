#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flow/epoch_store.h"

namespace weir::test {

/// A store that does not sync LANE before a claim is sent: after a loss of power the claim that was
/// committed looks like another machine's. Everything else is the store within.
class UnsyncedClaim final : public EpochStore {
 public:
  explicit UnsyncedClaim(std::unique_ptr<EpochStore> real) : real_(std::move(real)) {}

  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    const bool claiming = lane.owner_next != OwnerId{} && lane.owner != lane.owner_next;
    return real_->put_lane(lane, claiming ? Sync::kNo : sync);
  }

  Result<StoreContents> load() override { return real_->load(); }
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

 private:
  const std::unique_ptr<EpochStore> real_;
};

}  // namespace weir::test
