#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/loss.h"
#include "contract/clause.h"
#include "flow/decider.h"
#include "flow/sink.h"
#include "flow/source.h"

namespace weir::test {

using std::chrono::milliseconds;

struct Message {
  std::optional<std::string> key;
  std::optional<std::string> value;
  bool operator==(const Message&) const = default;
};

/// A transactional producer of somebody else.
class Stranger {
 public:
  virtual ~Stranger() = default;
  virtual void begin() = 0;
  virtual void produce(const std::string& topic, const std::string& value) = 0;  // partition 0
  virtual void send_offset(const std::string& group, const std::string& topic, std::int64_t offset,
                           const std::string& metadata) = 0;
  virtual void commit() = 0;
  virtual void abort() = 0;
};

/// What one process has of a lane: one sink, and the factory of its deciders. The mirror of source
/// "in" is `group`.
struct LaneUnderTest {
  LaneId id;
  std::string topic;  ///< the sink's
  std::string group;
  std::string epoch_topic;
  std::unique_ptr<Sink> sink;
  DeciderFactory make_decider;

  Cell cell(std::int64_t epoch, std::uint64_t attempt) const;
};

using kafka::OnDataLoss;
enum class StartAt : unsigned char { kEarliest, kLatest };
struct SourceSetup {
  std::vector<std::string> topics = {};
  std::function<bool(const std::string& topic)> matches = {};  ///< in place of `topics`
  StartAt start = StartAt::kEarliest;
  OnDataLoss on_data_loss = OnDataLoss::kFail;
};

/// A Kafka, real or fake, as the contracts of Decider, Sink and Source need it: made anew for each
/// clause, with names that meet nobody else's.
class ClusterRig {
 public:
  virtual ~ClusterRig() = default;

  virtual std::string unique(const std::string& prefix) = 0;
  /// `value_bytes_max` 0: the broker's own limit.
  virtual void create_topic(const std::string& topic, int partitions,
                            std::size_t value_bytes_max = 0) = 0;
  virtual void delete_topic(const std::string& topic) = 0;
  /// Deletes the records of partition 0 below `offset`.
  virtual void delete_records(const std::string& topic, std::int64_t offset) = 0;
  virtual void produce(const std::string& topic, std::int32_t partition,
                       const std::vector<Message>& messages) = 0;
  virtual std::vector<Message> read_committed(const std::string& topic, int partitions = 1) = 0;
  virtual std::unique_ptr<Stranger> stranger() = 0;
  virtual void commit_plainly(const std::string& group, const std::string& topic,
                              std::int64_t offset, const std::string& metadata) = 0;
  /// A member of the group, until the result is destroyed.
  virtual std::shared_ptr<void> join(const std::string& group, const std::string& topic) = 0;

  virtual MonoTime within(milliseconds time) = 0;
  /// Runs `call`, and `meanwhile` when `after` has passed.
  virtual void run(const std::function<void()>& call, milliseconds after,
                   const std::function<void()>& meanwhile) = 0;
  /// Connections of every client break once, as soon as they are used.
  virtual void break_connections() = 0;

  /// A new lane whose sink writes to `topic`; the same lane in another process; and one whose
  /// brokers do not answer.
  virtual LaneUnderTest lane(const std::string& topic) = 0;
  virtual LaneUnderTest another_process(const LaneUnderTest& lane) = 0;
  virtual LaneUnderTest unreachable_lane() = 0;
  virtual std::unique_ptr<Source> make_source(const SourceSetup& setup) = 0;
  std::unique_ptr<Source> source(const std::string& topic, StartAt start) {
    return make_source({.topics = {topic}, .start = start});
  }
  virtual std::unique_ptr<Source> unreachable_source() = 0;
};

/// A decider with its place made, fenced: ready for its first epoch.
std::unique_ptr<Decider> ready_decider(ClusterRig& rig, const LaneUnderTest& lane);
/// Writes rows into the open epoch; all of them fit.
void write_rows(SinkWriter& writer, const std::vector<std::string>& values);
/// The values, sorted; "NULL" for none.
std::vector<std::string> values_of(const std::vector<Message>& messages);

SplitId split_of(const std::string& topic, int partition);
Position position_at(std::int64_t next, std::uint64_t tail_fp = 0);
std::int64_t next_of(const Position& position);

Contract<ClusterRig> decider_contract();
Contract<ClusterRig> sink_contract();
/// Of sinks whose rows are seen before the decision; the rig's lanes have such a one.
Contract<ClusterRig> plain_sink_contract();
Contract<ClusterRig> source_contract();

}  // namespace weir::test
