#include "engine/committer_task.h"

#include <utility>

namespace weir {
namespace {

// The reply that a done call makes, or its error.
template <class Reply>
CommitterReply answer(Result<> done) {
  if (!done) return CommitterFailed{std::move(done.error())};
  return Reply{};
}

template <class Reply, class Value>
CommitterReply answer(Result<Value> value) {
  if (!value) return CommitterFailed{std::move(value.error())};
  return Reply{std::move(*value)};
}

}  // namespace

CommitterTask::Step CommitterTask::step() {
  for (CommitterCommand& command : commands_.take_all()) {
    if (std::holds_alternative<Quit>(command)) return Step::kQuit;
    CommitterReply reply = run(command);
    if (watch_.abandoned()) return Step::kQuit;
    events_.send(FromCommitter{number_, committer_.progress(), std::move(reply)});
  }
  return Step::kIdle;
}

CommitterReply CommitterTask::run(CommitterCommand& command) {
  return std::visit(
      [this](auto& each) -> CommitterReply {
        if constexpr (std::is_same_v<std::decay_t<decltype(each)>, Quit>) {
          return Released{};  // step() has handled it
        } else {
          return on(each);
        }
      },
      command);
}

CommitterReply CommitterTask::on(Recover& command) {
  Result<Recovered> recovered = committer_.recover(command.at_start);
  if (!recovered) return CommitterFailed{std::move(recovered.error())};
  return std::move(*recovered);
}

CommitterReply CommitterTask::on(AssignSources& command) {
  return answer<SourcesAssigned>(committer_.assign(command.wakers));
}

CommitterReply CommitterTask::on(OpenTransaction& command) {
  return answer<TransactionOpened>(committer_.open(command.assignment));
}

CommitterReply CommitterTask::on(CommitEpoch& command) {
  Result<> done = committer_.commit(command.epoch, command.moved, command.outbox);
  if (done) return EpochCommitted{};
  if (committer_.has_decided(command.epoch.epoch)) return EpochCommitted{std::move(done.error())};
  return CommitterFailed{std::move(done.error())};
}

CommitterReply CommitterTask::on(LookAround& /*command*/) {
  return answer<LookedAround>(committer_.look_around());
}

CommitterReply CommitterTask::on(Refresh& /*command*/) {
  return answer<Refreshed>(committer_.refresh());
}

CommitterReply CommitterTask::on(FindEnds& /*command*/) {
  return answer<EndsFound>(committer_.find_ends());
}

CommitterReply CommitterTask::on(CleanStop& /*command*/) {
  return answer<StoppedClean>(committer_.clean_stop());
}

CommitterReply CommitterTask::on(Release& command) {
  committer_.release();
  return Released{committer_.describe(command.taken), committer_.skip_first(command.taken)};
}

}  // namespace weir
