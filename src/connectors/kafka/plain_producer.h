#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "connectors/kafka/producer.h"

namespace weir::kafka {

/// The idempotent producer, without transactions, of the at_least_once sinks of one cluster.
///
/// An attempt of an epoch begins with the handle of the one before when every record of that was
/// acknowledged, and with a handle of its own otherwise: a late report or a fatal error of one
/// attempt is never another's.
///
/// Shared by the sinks and their writers. Thread: limits() and current() any; the rest the
/// committer.
class PlainProducer {
 public:
  PlainProducer(KafkaCluster cluster, ProducerOptions options)
      : cluster_(std::move(cluster)), options_(std::move(options)) {}

  RecordLimits& limits() const { return *options_.limits; }
  /// The producer of the newest attempt; null before the first.
  std::shared_ptr<Producer> current() WEIR_EXCLUDES(mutex_);

  /// Before an attempt, once for each sink and its `topic`, while nobody writes. Blocks for as long
  /// as opening a handle does, and for the question of Producer::learn_partitions().
  /// Errors: kRetry; kStopJob for a setting that librdkafka refuses.
  Result<> open(const std::string& topic, MonoTime deadline) WEIR_EXCLUDES(mutex_);

  /// Blocks until every record of the attempt has its delivery report. Errors: as
  /// Producer::flush().
  Result<> flush(MonoTime deadline) WEIR_EXCLUDES(mutex_);

 private:
  void publish(std::shared_ptr<Producer> producer) WEIR_EXCLUDES(mutex_);

  const KafkaCluster cluster_;
  const ProducerOptions options_;
  std::jthread closing_;  // of the handle before: it may take a while

  Mutex mutex_;
  std::shared_ptr<Producer> current_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::kafka
