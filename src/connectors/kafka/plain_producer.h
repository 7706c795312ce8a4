#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "connectors/kafka/producer.h"

namespace weir::kafka {

/// The idempotent producer, without transactions, of the at_least_once sinks of one cluster.
///
/// What the writers write between a begin and the flush is an attempt of an epoch; it is over, too,
/// when the last writer is gone, as at a recovery. An attempt begins with the handle of the one
/// before when every record of that was acknowledged, and with a handle of its own otherwise: a
/// late report or a fatal error of one attempt is never another's.
///
/// Shared by the sinks and their writers. Thread: any; locks inside.
class PlainProducer {
 public:
  PlainProducer(KafkaCluster cluster, ProducerOptions options)
      : cluster_(std::move(cluster)), options_(std::move(options)) {}

  RecordLimits& limits() const { return *options_.limits; }
  /// The producer of the newest attempt; null before the first.
  std::shared_ptr<Producer> current() WEIR_EXCLUDES(mutex_);

  /// Blocks until every record of the attempt has its delivery report, which ends the attempt.
  /// Errors: as Producer::flush().
  Result<> flush(MonoTime deadline) WEIR_EXCLUDES(mutex_);

  /// A writer's membership. Thread: the writer's.
  class Member {
   public:
    explicit Member(std::shared_ptr<PlainProducer> of);
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    /// The producer of the attempt that is under way, or of the next when that is over or this
    /// member began it already. Blocks for as long as opening a handle does, and where rows choose
    /// their partition for one request more, at most 10 s.
    /// Errors: kRecover; kStopJob for a setting that librdkafka refuses.
    Result<std::shared_ptr<Producer>> begin();

   private:
    const std::shared_ptr<PlainProducer> of_;
    std::uint64_t attempt_ = 0;
  };

 private:
  Result<std::shared_ptr<Producer>> begin(std::uint64_t& attempt) WEIR_EXCLUDES(mutex_);
  Result<> open() WEIR_REQUIRES(mutex_);

  const KafkaCluster cluster_;
  const ProducerOptions options_;

  Mutex mutex_;
  std::shared_ptr<Producer> current_ WEIR_GUARDED_BY(mutex_);
  std::uint64_t attempt_ WEIR_GUARDED_BY(mutex_) = 0;
  bool over_ WEIR_GUARDED_BY(mutex_) = true;
  std::size_t members_ WEIR_GUARDED_BY(mutex_) = 0;
  std::jthread closing_ WEIR_GUARDED_BY(mutex_);  // of the handle before: it may take a while
};

}  // namespace weir::kafka
