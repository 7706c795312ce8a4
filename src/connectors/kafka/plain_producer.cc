#include "connectors/kafka/plain_producer.h"

#include <utility>

#include "base/log.h"

namespace weir::kafka {

std::shared_ptr<Producer> PlainProducer::current() {
  const MutexLock lock(mutex_);
  return current_;
}

Result<> PlainProducer::flush(MonoTime deadline) {
  const std::shared_ptr<Producer> producer = current();
  if (!producer) return Error{Action::kRecover, "there is no producer yet"};
  Result<> flushed = producer->flush(deadline);
  const MutexLock lock(mutex_);
  over_ = true;
  return flushed;
}

Result<std::shared_ptr<Producer>> PlainProducer::begin(std::uint64_t& attempt) {
  const MutexLock lock(mutex_);
  if (over_ || attempt == attempt_) {
    if (current_ && !current_->settled()) {
      log(LogLevel::kInfo, "a new producer for " + cluster_.name +
                               ": not every record of the one before was acknowledged");
      closing_ = std::jthread([old = std::exchange(current_, nullptr)] { old->close(); });
    }
    if (!current_) WEIR_TRY(open());
    ++attempt_;
    over_ = false;
  }
  attempt = attempt_;
  return current_;
}

Result<> PlainProducer::open() {
  constexpr std::chrono::seconds kLearnMax(10);
  WEIR_ASSIGN(std::shared_ptr<Producer> producer, Producer::open(cluster_, {}, options_));
  const Result<> learned = producer->learn_partitions(std::chrono::steady_clock::now() + kLearnMax);
  if (!learned) {
    const Error& error = learned.error();
    return Error{error.action() == Action::kRetry ? Action::kRecover : error.action(), error.code(),
                 error.message()};
  }
  current_ = std::move(producer);
  return {};
}

PlainProducer::Member::Member(std::shared_ptr<PlainProducer> of) : of_(std::move(of)) {
  const MutexLock lock(of_->mutex_);
  ++of_->members_;
}

PlainProducer::Member::~Member() {
  const MutexLock lock(of_->mutex_);
  if (--of_->members_ == 0) of_->over_ = true;
}

Result<std::shared_ptr<Producer>> PlainProducer::Member::begin() { return of_->begin(attempt_); }

}  // namespace weir::kafka
