#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/committer_task.h"
#include "engine/coordinator.h"
#include "engine/follower.h"
#include "engine/worker.h"
#include "sim/fiber.h"
#include "support/fake_cluster.h"
#include "support/fake_disk.h"
#include "support/fake_follower_sink.h"
#include "support/fake_producer.h"
#include "support/interrupts.h"

namespace weir::test {

class SimProcess;

/// The schedule, as a process meets it.
class Schedule {
 public:
  virtual ~Schedule() = default;
  /// Somebody in `process` is at `where`. Ends the process by its die().
  virtual void at(SimProcess& process, const char* where) = 0;
  virtual Fault fault(SimProcess& process, const char* where) = 0;
  /// True when somebody else is to run now.
  virtual bool switches() = 0;
  /// Counts what changes the world, so that whoever waits for a change looks again.
  virtual std::uint64_t changes() const = 0;
};

/// What a process is made of. All of it outlives the process.
struct ProcessSetup {
  std::string name;  ///< for traces
  LaneId lane;
  LaneOptions options;
  std::string input, output;
  bool syncs_epochs = true;         ///< false: a mutant
  bool shows_prepared = false;      ///< true: a mutant
  bool follows = false;             ///< a follower sink beside the output; no light lane then
  bool goes_on_after_loss = false;  ///< `on_data_loss: earliest`
  std::uint64_t seed = 0;
  ManualClock* clock = nullptr;
  FakeCluster* cluster = nullptr;
  FakeDisk* disk = nullptr;
  Delivered* outside = nullptr;
  Schedule* schedule = nullptr;
  /// Puts mutants around the fakes.
  std::function<std::unique_ptr<Decider>(std::unique_ptr<Decider>)> around_decider;
  std::function<std::unique_ptr<EpochStore>(std::unique_ptr<EpochStore>)> around_store;
};

/// One run of weir: the real coordinator, workers, committer and follower, each a fiber but the
/// coordinator, whose step() never blocks.
///
/// Owned by the history; shut down before it is destroyed. Thread: the test's.
class SimProcess final : public LaneActors, public Interrupts {
 public:
  explicit SimProcess(ProcessSetup setup);
  ~SimProcess() override;

  /// Actors that can run now, as numbers for run(). `look` also asks what idle workers sleep on,
  /// which costs a system call each.
  void runnable(bool look, std::vector<std::size_t>& actors);
  void run(std::size_t actor);
  /// When somebody who waits must run though nothing has happened.
  MonoTime next_deadline() const;

  /// The actor that runs now goes no further, and nobody else: kill -9.
  void die() { dying_ = true; }
  /// Lets every fiber end by an exception, as dead.
  void shut_down();

  bool dead() const { return dying_; }
  bool ended() const { return coordinator_.ended(); }
  /// A write of its store has failed.
  void break_disk() { disk_is_broken_ = true; }
  bool disk_is_broken() const { return disk_is_broken_; }
  const LaneOutcome& outcome() const { return coordinator_.outcome(); }
  void request_stop();
  bool stopping() const { return stop_asked_; }
  bool takes_over() const { return setup_.options.takeover; }
  LaneState state() const { return coordinator_.status()->state; }
  const std::string& name() const { return setup_.name; }

  // LaneActors
  Result<> hire(std::size_t count) override;
  std::size_t workers() const override { return workers_.size(); }
  void send(std::size_t worker, WorkerCommand command) override;
  const Waker* waker(std::size_t worker) override { return &workers_[worker]->waker; }
  void send(CommitterCommand command) override;
  void decided(EpochId epoch) override;
  DeciderWatch& watch() override { return committers_.back()->task->watch(); }
  Result<> replace_committer(std::uint64_t number) override;
  std::size_t abandoned() const override;

  // Interrupts
  void point(const char* where) override;
  bool wait(const char* where, MonoTime until) override;
  Fault fault(const char* where) override { return setup_.schedule->fault(*this, where); }

 private:
  /// One fiber and why it does not run.
  struct Actor {
    enum class State : unsigned char { kReady, kIdle, kWaiting };
    std::unique_ptr<Fiber> fiber;
    State state = State::kReady;
    MonoTime until;          // kWaiting
    std::uint64_t seen = 0;  // kWaiting: changes() then
    void idle() { state = State::kIdle; }
  };
  struct WorkerActor : Actor {
    explicit WorkerActor(Waker opened) : waker(std::move(opened)) {}
    Waker waker;
    std::unique_ptr<Worker> worker;
  };
  struct CommitterActor : Actor {
    std::unique_ptr<CommitterTask> task;
  };
  struct FollowerActor : Actor {
    std::unique_ptr<FollowerTask> task;
    bool woken = false;
  };

  LaneParts make_parts();
  std::unique_ptr<Fiber> make_fiber(std::function<void()> body);
  bool can_run(const Actor& actor, bool idle_is_over) const;
  void pause(Actor& actor);
  template <class Each>
  void for_each_actor(Each each) const;

  const ProcessSetup setup_;
  SeededRandom random_;
  FakeSlot slot_;
  LaneParts parts_;
  EpochBudget budget_;
  Mailbox<LaneEvent> events_;
  std::vector<std::unique_ptr<WorkerActor>> workers_;
  std::vector<std::unique_ptr<CommitterActor>> committers_;  // the last one is the current one
  std::unique_ptr<FollowerActor> follower_;
  EpochId decided_;
  Coordinator coordinator_;
  MonoTime wake_at_;  // the coordinator; at once at first
  bool stop_asked_ = false;
  bool stop_unseen_ = false;
  bool dying_ = false;
  bool disk_is_broken_ = false;
  Actor* running_ = nullptr;
};

}  // namespace weir::test
