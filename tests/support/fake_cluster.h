#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/waker.h"
#include "connectors/kafka/position.h"
#include "support/fake_log.h"

namespace weir::test {

using kafka::TopicPartition;

struct GroupOffset {
  std::int64_t offset = 0;
  std::string metadata;
  bool operator==(const GroupOffset&) const = default;
};
using GroupOffsets = std::map<TopicPartition, GroupOffset>;

/// A transactional producer as the broker knows it; a newer epoch of the same id fences it.
struct ProducerId {
  std::string transactional_id;
  std::int32_t epoch = 0;
};

/// A request that clients repeat without being asked, so that an early copy of it can arrive late.
struct Request {
  enum class Kind : unsigned char { kCommit, kAbort, kOffsets };
  Kind kind = Kind::kCommit;
  ProducerId producer;
  std::string group;     ///< with kOffsets
  GroupOffsets offsets;  ///< with kOffsets
};
using RequestId = std::uint64_t;

/// A transaction that was committed, whole.
struct Committed {
  ProducerId producer;
  std::map<TopicPartition, std::vector<FakeRecord>> rows;
  std::map<std::string, GroupOffsets> groups;
};

enum class Answer : unsigned char {
  kOk,
  kFenced,        ///< INVALID_PRODUCER_EPOCH: a newer producer was made, or the transaction expired
  kInvalidState,  ///< INVALID_TXN_STATE
  kBusy,          ///< CONCURRENT_TRANSACTIONS: markers of the one before are not written; ask again
  kUnknownTopic,
  kTooLarge,
};

/// A reader that sleeps until there is more in its partition.
struct LogWatch {
  const Waker* waker = nullptr;
  bool armed = true;  ///< it found nothing; it is woken once
};

/// One Kafka as far as epochs.md needs it: logs, groups' offsets, transactions, and what is still
/// on its way. It is passive: every change is a call, so the test or its schedule decides when
/// anything happens. It answers what kafka-answers.md says a broker answers.
///
/// A transaction: init() makes a producer epoch, fences earlier ones and aborts what they had
/// open. add_partition() and add_group() open a transaction when none is; produce() and kOffsets
/// fill it. kCommit or kAbort decides it. Then its markers are written, one per partition and group
/// in any order; only a marker shows rows and offsets, and until all are written the id is busy.
///
/// The network: kCommit, kAbort and kOffsets are put under way with send() and arrive(), at once or
/// much later, once or (sent twice) twice. A late copy takes effect whenever the producer
/// epoch is still the newest: a late kCommit commits the half of the next epoch, late kOffsets
/// replace the next one's (kafka-answers.md 5.1).
///
/// A value: a copy is the cluster as it was. Owned by the test. Thread: the test's.
class FakeCluster {
 public:
  std::string cluster_id = "fake-cluster";
  bool markers_at_once = true;  ///< false: write_marker() writes them
  std::set<std::string> groups_with_members;
  /// Called with each transaction when it is committed, before its markers.
  std::function<void(const Committed&)> on_commit;

  /// False: an outage, clients wait for brokers.
  bool reachable() const { return reachable_; }
  void set_reachable(bool reachable);

  void create_topic(const std::string& topic, int partitions,
                    std::size_t value_bytes_max = 1'000'000);
  void add_partitions(const std::string& topic, int partitions);
  /// All groups lose their offsets of it too.
  void delete_topic(const std::string& topic);
  std::map<std::string, std::int32_t> topics() const;
  /// Null when there is no such partition.
  FakeLog* log(const TopicPartition& partition);
  Answer produce_plainly(const TopicPartition& partition, FakeRecord record);
  void watch(const TopicPartition& partition, std::weak_ptr<LogWatch> watch);
  /// Every record of the topic that a read_committed reader sees, by partition and offset.
  std::vector<FakeRecord> read_committed(const std::string& topic);

  /// A plain read: without what waits for its marker, so it can be one commit old.
  std::optional<GroupOffset> committed(const std::string& group,
                                       const TopicPartition& partition) const;
  /// A transaction holds an offset of it that is not settled: stable reads wait.
  bool unsettled(const std::string& group, const TopicPartition& partition) const;
  void commit_plainly(const std::string& group, const TopicPartition& partition,
                      GroupOffset offset);
  /// The group's offsets expire, or are deleted.
  void forget(const std::string& group) { offsets_.erase(group); }
  void forget(const std::string& group, const TopicPartition& partition);

  /// A new epoch of the id; nothing: busy, ask again.
  std::optional<ProducerId> init(const std::string& transactional_id);
  Answer add_partition(const ProducerId& producer, const TopicPartition& partition);
  Answer produce(const ProducerId& producer, const TopicPartition& partition, FakeRecord record);
  Answer add_group(const ProducerId& producer, const std::string& group);
  /// Ids with an open transaction.
  std::vector<std::string> open_transactions() const;
  /// transaction.timeout.ms has passed: aborted, and its producer fenced.
  void expire(const std::string& transactional_id);

  RequestId send(Request request);
  /// Nothing when it is not under way (any more).
  std::optional<Answer> arrive(RequestId id);
  void lose(RequestId id) { under_way_.erase(id); }
  const std::map<RequestId, Request>& under_way() const { return under_way_; }

  std::size_t markers() const { return markers_.size(); }
  void write_marker(std::size_t index);

 private:
  struct Topic {
    std::size_t value_bytes_max;
    std::vector<FakeLog> partitions;
  };
  struct Transaction {
    std::int32_t epoch = -1;
    bool open = false;
    std::map<TopicPartition, std::vector<std::int64_t>> rows;
    std::map<std::string, GroupOffsets> groups;
    std::size_t markers = 0;                    // of the last one, not yet written
    std::optional<Request::Kind> last_outcome;  // of this epoch
  };
  struct Marker {
    std::string transactional_id;
    bool commit = false;
    std::string group;  // empty: of a partition
    GroupOffsets offsets;
    TopicPartition partition;
    std::vector<std::int64_t> rows;
  };

  Answer check(const ProducerId& producer, Transaction*& transaction);
  Answer take(const Request& request);
  Answer end(const ProducerId& producer, Request::Kind outcome);
  void decide(const std::string& transactional_id, Transaction& transaction, Request::Kind outcome);
  void tell(const std::string& transactional_id, const Transaction& transaction);
  void wake(const TopicPartition& partition);

  bool reachable_ = true;
  std::map<std::string, Topic> topics_;
  std::map<std::string, GroupOffsets> offsets_;  // by group, committed
  std::map<std::string, Transaction> transactions_;
  std::vector<Marker> markers_;
  std::map<RequestId, Request> under_way_;
  RequestId last_request_ = 0;
  std::map<TopicPartition, std::vector<std::weak_ptr<LogWatch>>> watches_;
};

}  // namespace weir::test
