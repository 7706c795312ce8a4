#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "support/fake_cluster.h"
#include "support/interrupts.h"

namespace weir::test {

/// Waits while no broker answers, and the whole time when the request is lost.
/// Errors: kRetry at the deadline.
Result<> reach(const FakeCluster& cluster, Interrupts& interrupts, const char* where,
               MonoTime deadline);

class FakeSlot;

/// A transactional producer handle as librdkafka shows it: rows are accepted at once and sent
/// later, so only flush() tells what became of them; requests are repeated silently, and doubts()
/// counts the connections given up for it; once fenced, every call says so.
///
/// Made by FakeDecider's fence, shared with the writers on its slot. Thread: the test's.
class FakeProducer {
 public:
  FakeProducer(FakeCluster& cluster, Interrupts& interrupts, FakeSlot& slot,
               std::uint64_t generation, ProducerId id)
      : cluster_(cluster),
        interrupts_(interrupts),
        slot_(slot),
        generation_(generation),
        id_(std::move(id)) {}

  void begin();
  void write(const TopicPartition& partition, FakeRecord record);
  /// Errors: kRecover for the first row since begin() that was not accepted, with kRowsRefused when
  /// that lies in the row; kBrokersUnreachable at the deadline.
  Result<> flush(MonoTime deadline);
  Result<> send_offsets(const std::string& group, GroupOffsets offsets);
  Result<> commit();
  void abort();

  /// Its decider has another handle now.
  void close() { closed_ = true; }
  bool closed() const { return closed_; }
  std::uint64_t doubts() const { return doubts_; }
  std::map<std::string, std::int32_t> topics() const { return cluster_.topics(); }
  const ProducerId& id() const { return id_; }

 private:
  /// Names of the places around one request.
  struct Place {
    const char* fault;
    const char* sent;
    const char* answered;
  };
  bool send_one();
  Result<> wait_a_while(const char* where);
  Result<> request(const Request& request, const Place& place);

  FakeCluster& cluster_;
  Interrupts& interrupts_;
  FakeSlot& slot_;
  const std::uint64_t generation_;
  const ProducerId id_;
  bool closed_ = false;
  std::deque<std::pair<TopicPartition, FakeRecord>> queue_;
  std::set<TopicPartition> added_;  // partitions of the open transaction
  std::optional<Error> first_error_;
  std::uint64_t doubts_ = 0;
};

/// Where the sinks of one process find the newest producer, as kafka::ProducerSlot: an abandoned
/// decider can touch nothing. Owned by the test, one per process. Thread: the test's.
class FakeSlot {
 public:
  std::uint64_t next_generation() {
    current_.reset();
    return ++generation_;
  }
  bool is_newest(std::uint64_t generation) const { return generation == generation_; }
  bool publish(std::uint64_t generation, std::shared_ptr<FakeProducer> producer) {
    if (!is_newest(generation)) return false;
    current_ = std::move(producer);
    return true;
  }
  std::shared_ptr<FakeProducer> current() const { return current_; }

 private:
  std::uint64_t generation_ = 0;
  std::shared_ptr<FakeProducer> current_;
};

}  // namespace weir::test
