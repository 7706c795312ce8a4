#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/waker.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/record_limits.h"
#include "connectors/kafka/record_marks.h"

namespace weir::kafka {

/// How rows of one output topic are written.
struct OutputTopic {
  std::string topic;
  std::string partitioner = "murmur2_random";
  std::string compression = "none";
  PropertyReader properties = {};
  /// RecordParts::partition() is used: how many there are is asked for before each attempt of an
  /// epoch, so that one that is not there is known before it is written.
  bool rows_choose_partition = false;
};

/// All that the producers of a cluster write, and the memory that it may wait in.
struct ProducerOptions {
  std::vector<OutputTopic> topics;
  std::uint64_t queue_bytes = 64ULL * 1024 * 1024;  ///< rows that no broker has acknowledged yet
  std::vector<std::string> sources = {};            ///< of the job, by SourceIndex; for messages
  std::shared_ptr<RecordLimits> limits = std::make_shared<RecordLimits>();
};

/// An idempotent producer handle, with the poller thread that serves it for its whole life: it
/// counts delivery reports and wakes writers that wait for room.
///
/// Made by a decider's fence with transactions, or by PlainProducer without; shared with the sink
/// writers of its cluster, closed by its maker, which alone waits for librdkafka's destroy; a
/// writer that comes later is told by enter().
///
/// Thread: enter() to wait_for_cause() the workers; the rest its maker's.
class Producer {
 public:
  /// An empty `transactional_id`: without transactions. Does not wait for any broker.
  /// Errors: kStopJob for a setting that librdkafka refuses.
  static Result<std::shared_ptr<Producer>> open(const KafkaCluster& cluster,
                                                const std::string& transactional_id,
                                                const ProducerOptions& options);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// True: the handle stays until leave(). False: it was closed. Around each batch, never across a
  /// wait, since close() waits for it.
  bool enter() {
    users_.fetch_add(1);
    if (!closed_) return true;
    users_.fetch_sub(1);
    return false;
  }
  void leave() { users_.fetch_sub(1); }

  rd_kafka_t* get() const { return client_->get(); }
  Client& client() { return *client_; }
  /// The handle of an output topic; made before init_transactions (else the first transaction
  /// takes a second). Null for a topic it was not opened with.
  rd_kafka_topic_t* topic(const std::string& name) const;

  /// As of learn_partitions(); none for a topic whose rows do not choose.
  std::optional<std::int32_t> partitions(const rd_kafka_topic_t* topic) const;
  RecordLimits& limits() const { return *limits_; }

  /// Of the records that messages are made of, which are their opaques.
  RecordMarks& marks() { return marks_; }

  /// `count` more messages were handed to librdkafka.
  void produced(std::uint64_t count) { produced_.fetch_add(count); }
  /// `room` is written to, once, when a quarter of what is outstanding now was acknowledged. Try
  /// once more after this: all of it may have been acknowledged already.
  void wait_for_room(const Waker* room) WEIR_EXCLUDES(mutex_);
  /// `room` is not written to any more.
  void forget_room(const Waker* room) WEIR_EXCLUDES(mutex_);
  /// Why the transaction has failed, which the report of a record says some moments after its next
  /// call has; none when no report has said it.
  std::optional<Error> cause() WEIR_EXCLUDES(mutex_);
  /// `room` is written to, once, at the next report, or half a second later: then cause() may know.
  /// False when it does already, or no report is to come.
  bool wait_for_cause(const Waker* room) WEIR_EXCLUDES(mutex_);

  /// Blocks until every message has its delivery report, or the transaction has failed. Errors:
  /// kRecover, with kBrokersUnreachable at the deadline, else for the reason of the first message
  /// that failed since the last begin(): kRowTooLarge when limits() has come to know a record;
  /// kStopJob for a missing permission.
  Result<> flush(MonoTime deadline);
  /// Asks how many partitions `topic` has, where its rows choose one. Nobody writes meanwhile.
  /// Errors: kRetry; kStopJob.
  Result<> learn_partitions(const std::string& topic, MonoTime deadline);
  /// Forgets the counts and errors of the epoch before.
  void begin();
  /// Every message was acknowledged, and the handle can go on. Nobody writes meanwhile.
  bool settled() const WEIR_EXCLUDES(mutex_);

  /// Connections given up and transactional requests without an answer since it was opened: one
  /// more since the fence means that a copy of a request may still be on its way. It counts before
  /// librdkafka sends a request again, so before a commit that needed it is OK.
  std::uint64_t doubts() const { return doubts_.load(); }

  /// Stops the poller and destroys the handle; may block for as long as librdkafka does. Twice is
  /// once.
  void close();

 private:
  explicit Producer(std::vector<std::string> sources) : marks_(std::move(sources)) {}
  void poll_loop(const std::stop_token& stop);
  void wake_waiting() WEIR_EXCLUDES(mutex_);
  void on_report(const rd_kafka_message_t& message) WEIR_EXCLUDES(mutex_);
  Error too_large(const rd_kafka_message_t& message);
  bool has_failed() const WEIR_EXCLUDES(mutex_);
  void add_room(const Waker* room) WEIR_REQUIRES(mutex_);
  static int on_close_socket(int socket, void* opaque);
  static rd_kafka_resp_err_t on_response(rd_kafka_t* handle, int socket, const char* broker,
                                         std::int32_t broker_id, std::int16_t api_key,
                                         std::int16_t api_version, std::int32_t correlation_id,
                                         std::size_t size, std::int64_t round_trip_us,
                                         rd_kafka_resp_err_t error, void* opaque);
  static rd_kafka_resp_err_t on_new(rd_kafka_t* handle, const rd_kafka_conf_t* conf, void* opaque,
                                    char* reason, std::size_t reason_size);

  // Never negative: a report may come before produced() has counted its message.
  std::uint64_t outstanding() const {
    const std::uint64_t reported = reported_;
    const std::uint64_t produced = produced_;
    return produced > reported ? produced - reported : 0;
  }

  RecordMarks marks_;
  std::unique_ptr<Client> client_;
  struct Topic {
    std::string name;
    rd_kafka_topic_t* handle = nullptr;
    bool rows_choose_partition = false;
    bool compressed = false;
    std::optional<std::int32_t> partitions = {};
  };
  std::vector<Topic> topics_;
  bool transactional_ = false;
  std::shared_ptr<RecordLimits> limits_;
  std::optional<std::uint64_t> batch_bytes_max_;  // of several records, as of open()
  std::atomic<std::uint32_t> users_ = 0;
  std::atomic<bool> closed_ = false;
  std::atomic<std::uint64_t> produced_ = 0;
  std::atomic<std::uint64_t> reported_ = 0;
  std::atomic<std::uint64_t> doubts_ = 0;
  std::atomic<bool> waiting_ = false;

  mutable Mutex mutex_;
  std::vector<const Waker*> rooms_ WEIR_GUARDED_BY(mutex_);
  std::uint64_t wake_at_ WEIR_GUARDED_BY(mutex_) = 0;  // outstanding messages
  std::optional<Error> first_error_ WEIR_GUARDED_BY(mutex_);
  // Of a record that librdkafka threw away because another one had failed: says nothing of why.
  std::optional<Error> purge_ WEIR_GUARDED_BY(mutex_);
  std::jthread poller_;
};

/// Where the sinks of a cluster find the newest producer of its decider. A decider takes a
/// generation when it is made; only the newest one's producers are published, so an abandoned
/// decider can touch nothing.
///
/// Owned by the job, outlives deciders and sinks. Thread: any.
class ProducerSlot {
 public:
  explicit ProducerSlot(ProducerOptions options) : options_(std::move(options)) {}
  const ProducerOptions& options() const { return options_; }

  std::uint64_t next_generation() WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    current_.reset();
    return ++generation_;
  }
  /// False when a newer decider was made: the caller was abandoned.
  bool is_newest(std::uint64_t generation) WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return generation == generation_;
  }
  /// False when a newer decider was made.
  bool publish(std::uint64_t generation, std::shared_ptr<Producer> producer) WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (generation != generation_) return false;
    current_ = std::move(producer);
    return true;
  }
  /// Null before the first fence.
  std::shared_ptr<Producer> current() WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return current_;
  }

 private:
  const ProducerOptions options_;
  Mutex mutex_;
  std::uint64_t generation_ WEIR_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<Producer> current_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::kafka
