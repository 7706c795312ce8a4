#include "support/fake_epoch_store.h"

#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"

namespace weir::test {
namespace {

// Equal for equal records and rows only; the grammar on disk is state/'s.
Digest digest_of(const EpochRecord& record, const std::vector<OutboxRow>& rows) {
  ByteWriter out;
  out.i64(record.epoch.value());
  out.u64(record.attempt.value());
  for (const SplitRange& range : record.ranges) {
    out.str(range.split.text());
    out.str(range.first.bytes);
    out.str(range.next.bytes);
    out.u64(range.records);
  }
  for (const auto& [split, progress] : record.splits) {
    out.str(split.text());
    out.str(progress.position.bytes);
    out.u8(progress.idle ? 1 : 0);
  }
  out.i64(record.clock.time_since_epoch().count());
  out.str(record.state_delta);
  for (const OutboxRow& row : rows) {
    out.str(row.follower);
    out.str(row.bytes);
  }
  return Digest{hash64(out.bytes())};
}

Error corrupt(const std::string& record) {
  return {Action::kHalt, Code::kCorruptStore, "the record " + record + " fails its checksum"};
}

std::string name_of(EpochId epoch) { return "D/" + std::to_string(epoch.value()); }

class FakeEpochStore final : public EpochStore {
 public:
  FakeEpochStore(FakeDisk& disk, Interrupts& interrupts, bool syncs_epochs)
      : disk_(disk), interrupts_(interrupts), syncs_epochs_(syncs_epochs) {}

  Result<StoreContents> load() override {
    interrupts_.point("store.load");
    if (poisoned_) return poisoned();
    const DiskState& state = disk_.state();
    if (!disk_.damaged().empty()) return corrupt(*disk_.damaged().begin());
    StoreContents contents;
    contents.lane = state.lane;
    for (const auto& [epoch, record] : state.epochs) contents.epochs.push_back(epoch);
    if (state.lane) {
      const auto next = state.epochs.find(state.lane->epoch.next());
      if (next != state.epochs.end()) contents.prepared = next->second;
    }
    return contents;
  }

  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    return write("store.lane", sync, [lane](DiskState& state) { state.lane = lane; });
  }

  Result<> put_epoch(EpochRecord& record, const std::vector<OutboxRow>& rows) override {
    const std::optional<LaneRecord>& lane = disk_.state().lane;
    if (!lane || lane->epoch.next() != record.epoch) {
      return Error{Action::kHalt, Code::kBug, "M5: D/<N+1> before LANE says N"};
    }
    record.digest = digest_of(record, rows);
    return write("store.epoch", syncs_epochs_ ? Sync::kYes : Sync::kNo,
                 [record, rows](DiskState& state) { put(state, record, rows); });
  }

  Result<> put_decided(EpochRecord& record, const std::vector<OutboxRow>& rows,
                       LaneRecord& lane) override {
    record.digest = digest_of(record, rows);
    lane.digest = record.digest;
    return write("store.decided", Sync::kYes, [record, rows, lane](DiskState& state) {
      put(state, record, rows);
      state.lane = lane;
    });
  }

  Result<EpochRecord> get_epoch(EpochId epoch) override {
    const auto& epochs = disk_.state().epochs;
    const auto found = epochs.find(epoch);
    if (disk_.damaged().contains(name_of(epoch))) return corrupt(name_of(epoch));
    if (found == epochs.end()) {
      return Error{Action::kHalt, Code::kStateLost, name_of(epoch) + " is not in the store"};
    }
    return found->second;
  }

  Result<> drop_above(EpochId epoch) override {
    return write("store.drop_above", Sync::kYes, [epoch](DiskState& state) {
      std::erase_if(state.epochs, [&](const auto& entry) { return entry.first > epoch; });
      std::erase_if(state.outbox,
                    [&](const auto& entry) { return std::get<EpochId>(entry.first) > epoch; });
    });
  }

  Result<> drop_folded(EpochId epoch) override {
    return write("store.drop_folded", Sync::kNo, [epoch](DiskState& state) {
      std::erase_if(state.epochs, [&](const auto& entry) { return entry.first <= epoch; });
    });
  }

  Result<std::vector<std::string>> outbox(std::string_view follower, EpochId epoch) override {
    const DiskState& state = disk_.state();
    std::vector<std::string> rows;
    if (!state.lane || epoch > state.lane->epoch) return rows;
    for (const auto& [place, bytes] : state.outbox) {
      if (std::get<EpochId>(place) == epoch && std::get<std::string>(place) == follower) {
        rows.push_back(bytes);
      }
    }
    return rows;
  }

  Result<> acknowledge(std::string_view follower, EpochId epoch) override {
    return write("store.acknowledge", Sync::kNo,
                 [name = std::string(follower), epoch](DiskState& state) {
                   state.acknowledged[name] = epoch;
                   std::erase_if(state.outbox, [&](const auto& entry) {
                     return std::get<std::string>(entry.first) == name &&
                            std::get<EpochId>(entry.first) <= epoch;
                   });
                 });
  }

  Result<EpochId> acknowledged(std::string_view follower) override {
    const auto& all = disk_.state().acknowledged;
    const auto found = all.find(std::string(follower));
    return found == all.end() ? EpochId{} : found->second;
  }

  std::uint64_t outbox_bytes(std::string_view follower) override {
    std::uint64_t bytes = 0;
    for (const auto& [place, row] : disk_.state().outbox) {
      if (std::get<std::string>(place) == follower) bytes += row.size();
    }
    return bytes;
  }

  Result<> clear() override {
    return write("store.clear", Sync::kYes, [](DiskState& state) { state = {}; });
  }

 private:
  static void put(DiskState& state, const EpochRecord& record, const std::vector<OutboxRow>& rows) {
    state.epochs[record.epoch] = record;
    std::size_t number = 0;
    for (const OutboxRow& row : rows) {
      state.outbox[{record.epoch, row.follower, number++}] = row.bytes;
    }
  }

  static Error poisoned() {
    return {Action::kStopJob, "a sync of the store has failed; nothing more is written"};
  }

  Result<> write(const char* where, Sync sync, FakeDisk::Write write) {
    interrupts_.point(where);
    if (poisoned_) return poisoned();
    // What a failed sync left behind is unknown until the power goes.
    const bool fails = interrupts_.fault(where) == Fault::kRefused;
    disk_.write(std::move(write), sync == Sync::kYes && !fails);
    interrupts_.point(where);
    if (!fails) return {};
    poisoned_ = true;
    return Error{Action::kStopJob, std::string(where) + ": the sync failed"};
  }

  FakeDisk& disk_;
  Interrupts& interrupts_;
  const bool syncs_epochs_;
  bool poisoned_ = false;
};

}  // namespace

std::unique_ptr<EpochStore> open_fake_store(FakeDisk& disk, Interrupts& interrupts,
                                            bool syncs_epochs) {
  return std::make_unique<FakeEpochStore>(disk, interrupts, syncs_epochs);
}

}  // namespace weir::test
