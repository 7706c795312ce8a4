#include "engine/follower.h"

#include "base/log.h"
#include "engine/decisions.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kDeliveryTimeout{60};

}  // namespace

FollowerTask::Step FollowerTask::step() {
  if (quit_) return Step::kQuit;
  const EpochId decided{decided_};
  // Before the first decision the store may be loading.
  if (given_up_ || decided == EpochId{}) return Step::kIdle;
  if (retry_at_ && clock_.mono() < *retry_at_) return Step::kIdle;
  retry_at_.reset();
  if (!delivered_) {
    Result<EpochId> cursor = store_.acknowledged(sink_.name());
    if (!cursor) return failed(std::move(cursor.error()));
    delivered_ = *cursor;
    events_.send(FromFollower{number_, FollowerAt{*delivered_, store_.outbox_bytes(sink_.name())}});
  }
  if (*delivered_ >= decided) return Step::kIdle;
  return deliver(delivered_->next());
}

FollowerTask::Step FollowerTask::deliver(EpochId epoch) {
  Result<std::vector<std::string>> rows = store_.outbox(sink_.name(), epoch);
  if (!rows) return failed(std::move(rows.error()));
  // Also an epoch without rows is one that the sink has.
  if (!rows->empty()) {
    Result<> done = sink_.deliver(epoch, *rows, clock_.mono() + kDeliveryTimeout);
    if (!done) return failed(std::move(done.error()));
  }
  Result<> noted = store_.acknowledge(sink_.name(), epoch);
  if (!noted) return failed(std::move(noted.error()));
  if (failures_ > 0) log(LogLevel::kInfo, "sink " + sink_.name() + " takes rows again");
  failures_ = 0;
  delivered_ = epoch;
  events_.send(FromFollower{number_, FollowerAt{epoch, store_.outbox_bytes(sink_.name())}});
  return Step::kBusy;
}

FollowerTask::Step FollowerTask::failed(Error error) {
  error = std::move(error).within("sink \"" + sink_.name() + "\"");
  switch (error.action()) {
    case Action::kRetry:
    case Action::kSkipRecord:
    case Action::kRecover:
      log(LogLevel::kWarn, error.message() + "; its rows wait in the outbox");
      retry_at_ = clock_.mono() + backoff(failures_++);
      return Step::kIdle;
    case Action::kHalt:
    case Action::kStopJob:
      break;
  }
  given_up_ = true;
  events_.send(FromFollower{number_, FollowerFailed{std::move(error)}});
  return Step::kIdle;
}

}  // namespace weir
