#pragma once

#include <cstdint>

#include "base/mailbox.h"
#include "engine/committer.h"

namespace weir {

/// Runs the coordinator's commands one after the other on a Committer, and answers each with one
/// FromCommitter. step() blocks for as long as a command does; the simulator calls it from a fiber.
///
/// Owned by its thread and, while it is the lane's current one, by the lane. Thread: its own, which
/// sleeps on `waker`; commands() and watch() any.
class CommitterTask {
 public:
  CommitterTask(std::uint64_t number, LaneParts& parts, const Clock& clock, Random& random,
                const Waker* waker, Mailbox<LaneEvent>& events)
      : number_(number),
        committer_(parts, clock, random, watch_),
        commands_(waker),
        events_(events) {}

  Mailbox<CommitterCommand>& commands() { return commands_; }
  DeciderWatch& watch() { return watch_; }

  enum class Step : unsigned char { kIdle, kQuit };
  /// kQuit also when it was abandoned: then it says nothing more.
  Step step();

 private:
  CommitterReply run(CommitterCommand& command);
  CommitterReply on(Recover& command);
  CommitterReply on(AssignSources& command);
  CommitterReply on(OpenTransaction& command);
  CommitterReply on(CommitEpoch& command);
  CommitterReply on(LookAround& command);
  CommitterReply on(Refresh& command);
  CommitterReply on(FindEnds& command);
  CommitterReply on(CleanStop& command);
  CommitterReply on(Release& command);

  const std::uint64_t number_;
  DeciderWatch watch_;
  Committer committer_;
  Mailbox<CommitterCommand> commands_;
  Mailbox<LaneEvent>& events_;
};

}  // namespace weir
