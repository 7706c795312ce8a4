#include "engine/lane.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "engine/committer_task.h"
#include "engine/coordinator.h"
#include "engine/follower.h"
#include "engine/worker.h"

namespace weir {
namespace {

struct WorkerThread {
  explicit WorkerThread(Waker opened) : waker(std::move(opened)) {}
  Waker waker;
  std::unique_ptr<Worker> worker;
  std::jthread thread;
};

// What a committer's thread uses, kept alive by that thread when it was abandoned.
struct CommitterThread {
  CommitterThread(Waker opened, std::shared_ptr<LaneParts> lane_parts)
      : waker(std::move(opened)), parts(std::move(lane_parts)) {}
  Waker waker;
  std::shared_ptr<LaneParts> parts;
  std::unique_ptr<CommitterTask> task;
  std::atomic<bool> quit = false;
  std::atomic<bool> returned = false;
  std::promise<void> close;  // kept by the thread, with `returned`
  std::future<void> closed = close.get_future();
};

struct FollowerThread {
  FollowerThread(Waker opened, std::shared_ptr<LaneParts> lane_parts)
      : waker(std::move(opened)), parts(std::move(lane_parts)) {}
  Waker waker;
  std::shared_ptr<LaneParts> parts;
  std::unique_ptr<FollowerTask> task;
  std::thread thread;
};

// Blocks until woken, or until `until`; max() is never.
void wait_until(const Waker& waker, const Clock& clock, MonoTime until) {
  if (until == MonoTime::max()) {
    waker.wait(std::nullopt);
    return;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock.mono());
  waker.wait(std::max(left, std::chrono::milliseconds(0)));
}

// What holds connections, when nobody uses it any more.
void release(LaneParts& parts) {
  parts.sources.clear();
  parts.sinks.clear();
  parts.make_decider = nullptr;
}

class Threads final : public LaneActors {
 public:
  Threads(std::shared_ptr<LaneParts> parts, const Clock& clock, Random& random, EpochBudget& budget,
          Mailbox<LaneEvent>& events)
      : parts_(std::move(parts)),
        clock_(clock),
        random_(random),
        budget_(budget),
        events_(events) {}

  ~Threads() override { close(false); }

  // Ends every thread. `leave`: those that may be inside of calls are not waited for. False when
  // the committer's is still there after options.close_timeout: decider and sources are destroyed
  // in it, and a client library closes for as long as it likes.
  bool close(bool leave) {
    for (const auto& worker : workers_) worker->worker->commands().send(Quit{});
    workers_.clear();
    for (const auto& follower : followers_) {
      follower->task->quit();
      follower->waker.wake();
      leave ? follower->thread.detach() : follower->thread.join();
    }
    followers_.clear();
    if (!committer_) return true;
    const std::shared_ptr<CommitterThread> last = std::exchange(committer_, nullptr);
    last->quit = true;
    last->waker.wake();
    thread_.detach();
    return leave ||
           last->closed.wait_for(parts_->options.close_timeout) == std::future_status::ready;
  }

  Result<> start_followers() {
    for (const auto& sink : parts_->followers) {
      WEIR_ASSIGN(Waker waker, Waker::open());
      auto follower = std::make_shared<FollowerThread>(std::move(waker), parts_);
      follower->task =
          std::make_unique<FollowerTask>(followers_.size(), *sink, *parts_->store, clock_, events_);
      follower->thread = std::thread([mine = follower.get(), kept = follower, &clock = clock_] {
        while (true) {
          const FollowerTask::Step step = mine->task->step();
          if (step == FollowerTask::Step::kQuit) return;
          if (step == FollowerTask::Step::kIdle) {
            wait_until(mine->waker, clock, mine->task->wake_at());
          }
        }
      });
      followers_.push_back(std::move(follower));
    }
    return {};
  }

  Result<> hire(std::size_t count) override {
    while (workers_.size() < count) {
      WEIR_ASSIGN(Waker waker, Waker::open());
      auto thread = std::make_unique<WorkerThread>(std::move(waker));
      thread->worker =
          std::make_unique<Worker>(workers_.size(), *parts_, budget_, thread->waker, events_);
      thread->thread = std::jthread([raw = thread.get()] {
        while (true) {
          const Worker::Step step = raw->worker->step();
          if (step == Worker::Step::kQuit) return;
          if (step == Worker::Step::kIdle) raw->waker.wait(std::nullopt);
        }
      });
      workers_.push_back(std::move(thread));
    }
    return {};
  }
  std::size_t workers() const override { return workers_.size(); }
  void send(std::size_t worker, WorkerCommand command) override {
    workers_[worker]->worker->commands().send(std::move(command));
  }
  const Waker* waker(std::size_t worker) override { return &workers_[worker]->waker; }

  void send(CommitterCommand command) override {
    committer_->task->commands().send(std::move(command));
  }
  void decided(EpochId epoch) override {
    if (epoch == decided_) return;
    decided_ = epoch;
    for (const auto& follower : followers_) {
      follower->task->decided(epoch);
      follower->waker.wake();
    }
  }
  DeciderWatch& watch() override { return committer_->task->watch(); }

  Result<> replace_committer(std::uint64_t number) override {
    WEIR_ASSIGN(Waker waker, Waker::open());
    if (committer_) {
      abandoned_.push_back(std::move(committer_));
      thread_.detach();
    }
    committer_ = std::make_shared<CommitterThread>(std::move(waker), parts_);
    committer_->task = std::make_unique<CommitterTask>(number, *parts_, clock_, random_,
                                                       &committer_->waker, events_);
    thread_ = std::thread([mine = committer_]() mutable {
      while (!mine->quit && mine->task->step() != CommitterTask::Step::kQuit) {
        mine->waker.wait(std::nullopt);
      }
      // Here, not in its last owner: client libraries close for as long as they like.
      const bool abandoned = mine->task->watch().abandoned();
      mine->task.reset();
      if (!abandoned) release(*mine->parts);
      mine->returned = true;
      // The store is among the parts: a thread that let go of it after its last word would close it
      // while the process ends.
      std::promise<void> close = std::move(mine->close);
      mine.reset();
      close.set_value();
    });
    return {};
  }

  std::size_t abandoned() const override {
    std::size_t count = 0;
    for (const auto& each : abandoned_) count += each->returned ? 0U : 1U;
    return count;
  }

 private:
  const std::shared_ptr<LaneParts> parts_;
  const Clock& clock_;
  Random& random_;
  EpochBudget& budget_;
  Mailbox<LaneEvent>& events_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::shared_ptr<CommitterThread> committer_;
  std::thread thread_;  // the committer's
  std::vector<std::shared_ptr<CommitterThread>> abandoned_;
  std::vector<std::shared_ptr<FollowerThread>> followers_;
  EpochId decided_;
};

bool bounded(const LaneParts& parts) {
  return std::all_of(parts.sources.begin(), parts.sources.end(),
                     [](const auto& source) { return source->bounded(); });
}

class LaneImpl final : public Lane {
 public:
  LaneImpl(LaneParts parts, const Clock& clock, Random& random, Waker waker)
      : parts_(std::make_shared<LaneParts>(std::move(parts))),
        clock_(clock),
        waker_(std::move(waker)),
        events_(&waker_),
        threads_(parts_, clock, random, budget_, events_),
        coordinator_(parts_->id, parts_->options, bounded(*parts_), parts_->outbox_bounds, clock,
                     budget_, threads_, events_) {}

  void request_stop() override {
    coordinator_.request_stop();
    waker_.wake();
  }
  std::shared_ptr<const LaneStatus> status() const override { return coordinator_.status(); }
  std::string describe(const SplitId& split, const Position& position) const override {
    for (const auto& source : parts_->sources) {
      if (source->name() == split.source) return source->describe(position);
    }
    return {};
  }
  std::uint64_t turns() const override { return turns_; }
  void poke() override { waker_.wake(); }

  LaneOutcome run() override {
    if (Result<> made = threads_.replace_committer(0); !made) {
      return {LaneState::kFailed, std::move(made.error()), false};
    }
    if (Result<> made = threads_.start_followers(); !made) {
      return {LaneState::kFailed, std::move(made.error()), false};
    }
    for (coordinator_.step(); !coordinator_.ended(); coordinator_.step()) {
      wait_until(waker_, clock_, coordinator_.wake_at());
      ++turns_;
    }
    LaneOutcome outcome = coordinator_.outcome();
    if (!threads_.close(outcome.threads_left)) outcome.threads_left = true;
    return outcome;
  }

 private:
  const std::shared_ptr<LaneParts> parts_;
  const Clock& clock_;
  const Waker waker_;
  Mailbox<LaneEvent> events_;
  EpochBudget budget_;
  std::atomic<std::uint64_t> turns_ = 0;
  Threads threads_;
  Coordinator coordinator_;
};

}  // namespace

std::string_view to_string(LaneState state) {
  switch (state) {
    case LaneState::kStarting:
      return "starting";
    case LaneState::kWaitingForKafka:
      return "waiting_for_kafka";
    case LaneState::kRunning:
      return "running";
    case LaneState::kDraining:
      return "draining";
    case LaneState::kStopped:
      return "stopped";
    case LaneState::kFinished:
      return "finished";
    case LaneState::kHalted:
      return "halted";
    case LaneState::kFailed:
      return "failed";
  }
  return "?";
}

Result<std::unique_ptr<Lane>> Lane::open(LaneParts parts, const Clock& clock, Random& random) {
  WEIR_ASSIGN(Waker waker, Waker::open());
  return std::unique_ptr<Lane>(
      std::make_unique<LaneImpl>(std::move(parts), clock, random, std::move(waker)));
}

}  // namespace weir
