#include "engine/local_decider.h"

namespace weir {
namespace {

class LocalDecider final : public Decider {
 public:
  LocalDecider(LaneId id, EpochStore& store) : id_(std::move(id)), store_(store) {}

  Result<DeciderRecord> identify(MonoTime /*deadline*/) override {
    DeciderRecord record;
    record.kind = DeciderKind::kLocal;
    return record;
  }
  Result<> ensure_cell_place(MonoTime /*deadline*/) override { return {}; }

  CellReading peek(MonoTime deadline) override { return read_stable(deadline); }
  Result<> fence(MonoTime /*deadline*/) override { return {}; }

  CellReading read_stable(MonoTime /*deadline*/) override {
    const Result<StoreContents> contents = store_.load();
    if (!contents) return {ReadState::kUnknown, {}, contents.error().message()};
    if (!contents->lane) return {ReadState::kAbsent, {}, {}};
    const LaneRecord& lane = *contents->lane;
    Cell cell;
    cell.id = lane.id;
    cell.epoch = lane.epoch;
    cell.attempt = lane.attempt;
    cell.owner = lane.owner_next;
    cell.digest = lane.digest;
    cell.plan = lane.plan;
    return {ReadState::kValue, std::move(cell), {}};
  }

  Result<MirrorReading> read_mirror(const std::vector<SplitId>& splits, bool /*with_members*/,
                                    MonoTime /*deadline*/) override {
    MirrorReading reading;
    for (const SplitId& split : splits) {
      reading.entries.push_back({split, ReadState::kAbsent, {}, {}, {}});
    }
    return reading;
  }
  bool mirror_is_transactional() const override { return false; }

  Result<> begin(EpochId /*epoch*/) override { return {}; }
  Result<Verdict> commit(const Commit& /*commit*/) override { return Verdict::kDecided; }
  void abort(MonoTime /*deadline*/) override {}
  std::uint64_t doubts() const override { return 0; }

 private:
  const LaneId id_;
  EpochStore& store_;
};

}  // namespace

std::unique_ptr<Decider> make_local_decider(LaneId id, EpochStore& store) {
  return std::make_unique<LocalDecider>(std::move(id), store);
}

}  // namespace weir
