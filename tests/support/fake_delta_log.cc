#include "support/fake_delta_log.h"

#include <utility>

namespace weir::test {
namespace {

class FakeDeltaLog final : public DeltaLog {
 public:
  FakeDeltaLog(std::string topic, FakeCluster& cluster, Interrupts& interrupts, FakeSlot& slot)
      : place_{std::move(topic), 0}, cluster_(cluster), interrupts_(interrupts), slot_(slot) {
    if (!cluster_.topics().contains(place_.topic)) cluster_.create_topic(place_.topic, 1);
  }

  Result<> append(EpochId epoch, std::string_view record) override {
    const std::shared_ptr<FakeProducer> producer = slot_.current();
    if (!producer || producer->closed()) {
      return Error{Action::kRecover, "there is no open transaction"};
    }
    producer->write(
        place_,
        {.key = std::to_string(epoch.value()), .value = std::string(record), .timestamp_ms = 0});
    return {};
  }

  Result<> read(EpochId first, EpochId last, MonoTime deadline, const Visit& visit) override {
    WEIR_TRY(settle(deadline));
    EpochId next = first;
    for (const auto& [epoch, record] : decided()) {
      if (epoch < first || epoch > last) continue;
      if (epoch != next) break;
      WEIR_TRY(visit(epoch, record));
      next = next.next();
    }
    if (next > last) return {};
    return Error{Action::kHalt, Code::kStateLost,
                 "epoch " + std::to_string(next.value()) + " is not in the delta topic"};
  }

  Result<std::optional<EpochId>> oldest(MonoTime deadline) override {
    WEIR_TRY(settle(deadline));
    const auto all = decided();
    return all.empty() ? std::optional<EpochId>() : all.begin()->first;
  }

  Result<> trim(EpochId epoch, MonoTime deadline) override {
    WEIR_TRY(settle(deadline));
    FakeLog& log = *cluster_.log(place_);
    for (std::int64_t at = log.begin(); at < log.stable_end(); ++at) {
      const FakeRecord* record = log.visible(at);
      if (record != nullptr && epoch_of(*record) > epoch) return delete_before(at);
    }
    return delete_before(log.stable_end());
  }

 private:
  static EpochId epoch_of(const FakeRecord& record) { return EpochId{std::stoll(*record.key)}; }

  // What is open may be decided already: nobody reads past it before its marker is there.
  Result<> settle(MonoTime deadline) {
    WEIR_TRY(reach(cluster_, interrupts_, "delta", deadline));
    const FakeLog& log = *cluster_.log(place_);
    while (log.stable_end() != log.end()) {
      if (interrupts_.wait("delta", deadline)) continue;
      return Error{Action::kRetry, Code::kBrokersUnreachable, "the delta topic is not settled"};
    }
    return {};
  }

  std::map<EpochId, std::string> decided() {
    std::map<EpochId, std::string> records;
    for (const FakeRecord& record : cluster_.read_committed(place_.topic)) {
      records[epoch_of(record)] = *record.value;
    }
    return records;
  }

  Result<> delete_before(std::int64_t offset) {
    interrupts_.point("delta.trim");
    cluster_.log(place_)->delete_before(offset);
    interrupts_.point("delta.trimmed");
    return {};
  }

  const TopicPartition place_;
  FakeCluster& cluster_;
  Interrupts& interrupts_;
  FakeSlot& slot_;
};

}  // namespace

std::unique_ptr<DeltaLog> make_fake_delta_log(std::string topic, FakeCluster& cluster,
                                              Interrupts& interrupts, FakeSlot& slot) {
  return std::make_unique<FakeDeltaLog>(std::move(topic), cluster, interrupts, slot);
}

}  // namespace weir::test
