#include "job/seen_store.h"

namespace weir {
namespace {

class SeenStore final : public EpochStore {
 public:
  explicit SeenStore(const StoreContents& contents) : contents_(contents) {}

  Result<StoreContents> load() override { return contents_; }

  Result<> put_lane(const LaneRecord& /*lane*/, Sync /*sync*/) override { return refused(); }
  Result<> put_epoch(EpochRecord& /*record*/, const std::vector<OutboxRow>& /*rows*/) override {
    return refused();
  }
  Result<> put_decided(EpochRecord& /*record*/, const std::vector<OutboxRow>& /*rows*/,
                       LaneRecord& /*lane*/) override {
    return refused();
  }
  Result<EpochRecord> get_epoch(EpochId /*epoch*/) override { return refused(); }
  Result<> drop_above(EpochId /*epoch*/) override { return refused(); }
  Result<> drop_folded(EpochId /*epoch*/) override { return refused(); }
  Result<std::vector<std::string>> outbox(std::string_view /*follower*/,
                                          EpochId /*epoch*/) override {
    return refused();
  }
  Result<> acknowledge(std::string_view /*follower*/, EpochId /*epoch*/) override {
    return refused();
  }
  Result<EpochId> acknowledged(std::string_view /*follower*/) override { return refused(); }
  std::uint64_t outbox_bytes(std::string_view /*follower*/) override { return 0; }
  Result<> clear() override { return refused(); }

 private:
  static Error refused() {
    return {Action::kStopJob, Code::kBug, "a store that is only looked at was asked to work"};
  }

  const StoreContents& contents_;
};

}  // namespace

std::unique_ptr<EpochStore> make_seen_store(const StoreContents& contents) {
  return std::make_unique<SeenStore>(contents);
}

}  // namespace weir
