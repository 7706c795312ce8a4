#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/decider.h"
#include "connectors/kafka/producer.h"
#include "connectors/kafka/sink.h"
#include "connectors/kafka/source.h"
#include "contract/cluster_rig.h"
#include "support/text_batch.h"

namespace weir::kafka::test {

/// The real Kafka of WEIR_TEST_BROKERS; the test fails when that is not set. Everything made here
/// carries a name of its own, so tests and their repetitions do not meet.
std::string brokers();
std::string unique(const std::string& prefix);
KafkaCluster cluster();
/// A port where nobody listens.
KafkaCluster nowhere();
MonoTime within(std::chrono::milliseconds time);

void create_topic(const std::string& topic, int partitions,
                  const std::vector<std::pair<std::string, std::string>>& config = {});
void delete_topic(const std::string& topic);
void add_partitions(const std::string& topic, int partitions);
/// Deletes the records of a partition below `offset`.
void delete_records(const std::string& topic, std::int32_t partition, std::int64_t offset);

using weir::test::Message;
/// Writes with a plain producer and waits for the reports.
void produce(const std::string& topic, std::int32_t partition,
             const std::vector<Message>& messages);
/// A record with all that a sink gives it.
struct Arrived {
  std::int32_t partition = 0;
  Message message;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  bool operator==(const Arrived&) const = default;
};
/// What a read_committed consumer sees in partition 0 to `partitions` - 1, until their ends.
std::vector<Arrived> read_arrived(const std::string& topic, int partitions = 1);
std::vector<Message> read_committed(const std::string& topic, int partitions = 1);

/// A transactional producer of somebody else, by librdkafka alone.
class Stranger {
 public:
  explicit Stranger(const std::string& transactional_id);
  ~Stranger();
  void begin();
  void produce(const std::string& topic, const std::string& value);
  void send_offset(const std::string& group, const std::string& topic, std::int64_t offset,
                   const std::string& metadata);
  void commit();
  void abort();

 private:
  rd_kafka_t* handle_;
};

/// A plain commit by anybody.
void commit_plainly(const std::string& group, const std::string& topic, std::int64_t offset,
                    const std::string& metadata);

/// A member of a group, until destroyed.
class Member {
 public:
  Member(const std::string& group, const std::string& topic);
  ~Member();

 private:
  rd_kafka_t* handle_;
};

using weir::test::text_batch;
using weir::test::write_rows;

/// One lane of one process: its slot, sink, and the factory of its deciders.
struct TestLane {
  LaneId id;
  KafkaCluster kafka;
  std::string topic;
  std::string group;
  std::shared_ptr<ProducerSlot> slot;
  std::unique_ptr<Sink> sink;
  DeciderFactory make_decider;

  Cell cell(std::int64_t epoch, std::uint64_t attempt) const;
};
TestLane test_lane(const std::string& output_topic, const Properties& properties = {},
                   const KafkaCluster& on = cluster(), const std::string& compression = "lz4");
/// The same lane in another process.
TestLane same_lane(const LaneId& id, const std::string& output_topic,
                   const Properties& properties = {}, const KafkaCluster& on = cluster(),
                   const std::string& compression = "lz4");

/// A decider that is ready for its first epoch.
std::unique_ptr<Decider> ready_decider(const TestLane& lane);

/// Cuts every connection of this process to the brokers.
void cut_connections();

}  // namespace weir::kafka::test
