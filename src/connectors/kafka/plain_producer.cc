#include "connectors/kafka/plain_producer.h"

#include <utility>

#include "base/log.h"

namespace weir::kafka {

std::shared_ptr<Producer> PlainProducer::current() {
  const MutexLock lock(mutex_);
  return current_;
}

void PlainProducer::publish(std::shared_ptr<Producer> producer) {
  const MutexLock lock(mutex_);
  current_ = std::move(producer);
}

Result<> PlainProducer::open(const std::string& topic, MonoTime deadline) {
  std::shared_ptr<Producer> producer = current();
  if (producer && !producer->settled()) {
    log(LogLevel::kInfo, "a new producer for " + cluster_.name +
                             ": not every record of the one before was acknowledged");
    publish(nullptr);
    closing_ = std::jthread([old = std::exchange(producer, nullptr)] { old->close(); });
  }
  if (!producer) {
    WEIR_ASSIGN(producer, Producer::open(cluster_, {}, options_));
    publish(producer);
  }
  return producer->learn_partitions(topic, deadline);
}

Result<> PlainProducer::flush(MonoTime deadline) {
  const std::shared_ptr<Producer> producer = current();
  if (!producer) return Error{Action::kRecover, "there is no producer yet"};
  return producer->flush(deadline);
}

}  // namespace weir::kafka
