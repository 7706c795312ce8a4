#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/cluster_rig.h"
#include "support/fake_cluster.h"
#include "support/fake_producer.h"
#include "support/interrupts.h"

namespace weir::test {

/// The contracts' rig over a FakeCluster; time passes only where somebody waits.
class FakeClusterRig : public ClusterRig {
 public:
  FakeClusterRig();

  std::string unique(const std::string& prefix) override;
  void create_topic(const std::string& topic, int partitions, std::size_t value_bytes_max) override;
  void delete_topic(const std::string& topic) override { cluster_.delete_topic(topic); }
  void delete_records(const std::string& topic, std::int64_t offset) override {
    cluster_.log({topic, 0})->delete_before(offset);
  }
  void produce(const std::string& topic, std::int32_t partition,
               const std::vector<Message>& messages) override;
  std::vector<Message> read_committed(const std::string& topic, int partitions) override;
  std::unique_ptr<Stranger> stranger() override;
  void commit_plainly(const std::string& group, const std::string& topic, std::int64_t offset,
                      const std::string& metadata) override {
    cluster_.commit_plainly(group, {topic, 0}, {offset, metadata});
  }
  std::shared_ptr<void> join(const std::string& group, const std::string& topic) override;
  MonoTime within(milliseconds time) override { return clock_.mono() + time; }
  void run(const std::function<void()>& call, milliseconds after,
           const std::function<void()>& meanwhile) override;
  void break_connections() override { interrupts_.next = Fault::kAnswerLost; }
  LaneUnderTest lane(const std::string& topic) override;
  LaneUnderTest another_process(const LaneUnderTest& lane) override;
  LaneUnderTest unreachable_lane() override;
  std::unique_ptr<Source> make_source(const SourceSetup& setup) override;
  std::unique_ptr<Source> unreachable_source() override;

  FakeCluster& cluster() { return cluster_; }
  Interrupts& interrupts() { return interrupts_; }
  /// Of the lane that was made last.
  FakeSlot& slot() { return slots_.back(); }

 private:
  /// Runs something when its time comes during a wait, and breaks the next request.
  class Scripted final : public Interrupts {
   public:
    using Interrupts::Interrupts;
    bool wait(const char* where, MonoTime until) override;
    Fault fault(const char* where) override;
    std::optional<std::pair<MonoTime, std::function<void()>>> later;
    Fault next = Fault::kNone;
  };

  LaneUnderTest make_lane(LaneId id, const std::string& topic, FakeCluster& cluster);

  ManualClock clock_;
  Scripted interrupts_{clock_};
  FakeCluster cluster_;
  FakeCluster nowhere_;
  std::deque<FakeSlot> slots_;  // one per process
  int names_ = 0;
};

}  // namespace weir::test
