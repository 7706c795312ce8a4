#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contract/cluster_rig.h"
#include "real/kafka_rig.h"

namespace weir::kafka::test {

/// The contracts' rig over the real Kafka.
class KafkaClusterRig : public weir::test::ClusterRig {
 public:
  using Message = weir::test::Message;
  using LaneUnderTest = weir::test::LaneUnderTest;

  std::string unique(const std::string& prefix) override;
  void create_topic(const std::string& topic, int partitions, std::size_t value_bytes_max) override;
  void delete_topic(const std::string& topic) override;
  void delete_records(const std::string& topic, std::int64_t offset) override;
  void produce(const std::string& topic, std::int32_t partition,
               const std::vector<Message>& messages) override;
  std::vector<Message> read_committed(const std::string& topic, int partitions) override;
  std::unique_ptr<weir::test::Stranger> stranger() override;
  void commit_plainly(const std::string& group, const std::string& topic, std::int64_t offset,
                      const std::string& metadata) override;
  std::shared_ptr<void> join(const std::string& group, const std::string& topic) override;
  MonoTime within(std::chrono::milliseconds time) override;
  void run(const std::function<void()>& call, std::chrono::milliseconds after,
           const std::function<void()>& meanwhile) override;
  void break_connections() override;
  LaneUnderTest lane(const std::string& topic) override;
  LaneUnderTest another_process(const LaneUnderTest& lane) override;
  LaneUnderTest unreachable_lane() override;
  std::unique_ptr<Source> make_source(const weir::test::SourceSetup& setup) override;
  std::unique_ptr<Source> unreachable_source() override;
};

}  // namespace weir::kafka::test
