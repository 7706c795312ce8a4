#include "sim/process.h"

#include <exception>
#include <utility>

#include "base/check.h"
#include "sim/pipeline.h"
#include "support/fake_decider.h"
#include "support/fake_epoch_store.h"
#include "support/fake_sink.h"
#include "support/fake_source.h"
#include "support/mutant_store.h"

namespace weir::test {
namespace {

constexpr std::size_t kCoordinator = 0;
constexpr std::uint64_t kOutboxBytes = 1'000'000;

bool same_offset(const Position& a, const Position& b) {
  return kafka::decode_position(a)->next == kafka::decode_position(b)->next;
}

}  // namespace

SimProcess::SimProcess(ProcessSetup setup)
    : Interrupts(*setup.clock),
      setup_(std::move(setup)),
      random_(setup_.seed),
      parts_(make_parts()),
      coordinator_(parts_.id, parts_.options, false, parts_.outbox_bounds, clock(), budget_, *this,
                   events_) {
  WEIR_CHECK(replace_committer(0), "a fiber is made");
  if (!setup_.follows) return;
  follower_ = std::make_unique<FollowerActor>();
  FollowerActor* const actor = follower_.get();
  actor->task =
      std::make_unique<FollowerTask>(0, *parts_.followers[0], *parts_.store, clock(), events_);
  actor->fiber = make_fiber([this, actor] {
    while (true) {
      const FollowerTask::Step step = actor->task->step();
      if (step == FollowerTask::Step::kQuit) return;
      if (step == FollowerTask::Step::kIdle) actor->idle();
      pause(*actor);
    }
  });
}

SimProcess::~SimProcess() { shut_down(); }

LaneParts SimProcess::make_parts() {
  FakeCluster& cluster = *setup_.cluster;
  LaneParts parts;
  parts.id = setup_.lane;
  parts.options = setup_.options;
  parts.options.groups = {{"in", setup_.lane.instance + "." + setup_.lane.job}};
  parts.options.same_position = &same_offset;
  parts.sources.push_back(make_fake_source(
      {.index = {},
       .name = "in",
       .topics = {setup_.input},
       .on_data_loss = setup_.goes_on_after_loss ? OnDataLoss::kEarliest : OnDataLoss::kFail},
      cluster, *this));
  parts.sinks.push_back(make_fake_sink("out", setup_.output, cluster, *this, slot_));
  if (setup_.follows) {
    parts.options.may_be_light = false;
    parts.followers.push_back(std::make_unique<FakeFollowerSink>("mail", *setup_.outside, *this));
    parts.outbox_bounds.push_back({.follower = "mail", .bytes_max = kOutboxBytes});
  }
  parts.make_pipeline = [this](std::size_t) -> Result<std::unique_ptr<Pipeline>> {
    return make_naming_pipeline(setup_.follows);
  };
  parts.make_decider = [this, make = fake_decider_factory(
                                  {.lane = setup_.lane, .mirror_groups = parts.options.groups},
                                  cluster, *this, slot_)]() -> Result<std::unique_ptr<Decider>> {
    WEIR_ASSIGN(auto decider, make());
    return setup_.around_decider ? setup_.around_decider(std::move(decider)) : std::move(decider);
  };
  parts.store = open_fake_store(*setup_.disk, *this, setup_.syncs_epochs);
  if (setup_.shows_prepared) {
    parts.store = std::make_unique<ShowsPrepared>(std::move(parts.store),
                                                  [this](EpochId epoch) { decided(epoch); });
  }
  if (setup_.around_store) parts.store = setup_.around_store(std::move(parts.store));
  return parts;
}

std::unique_ptr<Fiber> SimProcess::make_fiber(std::function<void()> body) {
  return std::make_unique<Fiber>([this, body = std::move(body)] {
    try {
      if (!dying_) body();
    } catch (const SimulatedCrash&) {
      WEIR_CHECK(dying_, "a crash is the schedule's");
    }
  });
}

Result<> SimProcess::hire(std::size_t count) {
  while (workers_.size() < count) {
    WEIR_ASSIGN(Waker waker, Waker::open());
    auto actor = std::make_unique<WorkerActor>(std::move(waker));
    actor->worker =
        std::make_unique<Worker>(workers_.size(), parts_, budget_, actor->waker, events_);
    actor->fiber = make_fiber([this, mine = actor.get()] {
      while (true) {
        const Worker::Step step = mine->worker->step();
        if (step == Worker::Step::kQuit) return;
        if (step == Worker::Step::kIdle) mine->idle();
        pause(*mine);
      }
    });
    workers_.push_back(std::move(actor));
  }
  return {};
}

Result<> SimProcess::replace_committer(std::uint64_t number) {
  auto actor = std::make_unique<CommitterActor>();
  actor->task = std::make_unique<CommitterTask>(number, parts_, clock(), random_, nullptr, events_);
  actor->fiber = make_fiber([this, mine = actor.get()] {
    while (mine->task->step() != CommitterTask::Step::kQuit) {
      mine->idle();
      pause(*mine);
    }
  });
  committers_.push_back(std::move(actor));
  return {};
}

std::size_t SimProcess::abandoned() const {
  std::size_t count = 0;
  for (const auto& each : committers_) {
    count += each->task->watch().abandoned() && !each->fiber->ended() ? 1U : 0U;
  }
  return count;
}

void SimProcess::send(std::size_t worker, WorkerCommand command) {
  workers_[worker]->worker->commands().send(std::move(command));
}
void SimProcess::send(CommitterCommand command) {
  committers_.back()->task->commands().send(std::move(command));
}
void SimProcess::decided(EpochId epoch) {
  if (!follower_ || epoch == decided_) return;
  decided_ = epoch;
  follower_->task->decided(epoch);
  follower_->woken = true;
}

void SimProcess::request_stop() {
  coordinator_.request_stop();
  stop_asked_ = stop_unseen_ = true;
}

template <class Each>
void SimProcess::for_each_actor(Each each) const {
  for (const auto& committer : committers_) each(*committer);
  if (follower_) each(*follower_);
  for (const auto& worker : workers_) each(*worker);
}

bool SimProcess::can_run(const Actor& actor, bool idle_is_over) const {
  if (actor.fiber->ended()) return false;
  switch (actor.state) {
    case Actor::State::kReady:
      return true;
    case Actor::State::kIdle:
      return idle_is_over;
    case Actor::State::kWaiting:
      return clock().mono() >= actor.until || setup_.schedule->changes() != actor.seen;
  }
  return false;
}

void SimProcess::runnable(bool look, std::vector<std::size_t>& actors) {
  if (ended() || dying_) return;
  const MonoTime now = clock().mono();
  if (stop_unseen_ || !events_.empty() || now >= wake_at_) {
    actors.push_back(kCoordinator);
  }
  std::size_t number = kCoordinator + 1;
  for (const auto& each : committers_) {
    if (can_run(*each, !each->task->commands().empty())) actors.push_back(number);
    ++number;
  }
  if (follower_) {
    const bool due = follower_->woken || now >= follower_->task->wake_at();
    if (can_run(*follower_, due)) actors.push_back(number);
    ++number;
  }
  for (const auto& each : workers_) {
    if (look && each->state == Actor::State::kIdle && each->waker.wait(std::chrono::seconds(0))) {
      each->state = Actor::State::kReady;
    }
    if (can_run(*each, false)) actors.push_back(number);
    ++number;
  }
}

void SimProcess::run(std::size_t actor) {
  if (actor == kCoordinator) {
    stop_unseen_ = false;
    coordinator_.step();
    wake_at_ = coordinator_.wake_at();
    return;
  }
  std::size_t number = kCoordinator + 1;
  for_each_actor([&](Actor& each) {
    if (number++ != actor) return;
    if (follower_ && &each == follower_.get()) follower_->woken = false;
    each.state = Actor::State::kReady;
    running_ = &each;
    each.fiber->resume();
    running_ = nullptr;
  });
}

MonoTime SimProcess::next_deadline() const {
  if (ended() || dying_) return MonoTime::max();
  MonoTime next = wake_at_;
  for_each_actor([&](const Actor& each) {
    const bool waits = each.state == Actor::State::kWaiting && !each.fiber->ended();
    if (waits) next = std::min(next, each.until);
  });
  if (follower_) next = std::min(next, follower_->task->wake_at());
  return next;
}

void SimProcess::shut_down() {
  dying_ = true;
  for_each_actor([&](Actor& each) {
    if (each.fiber->begun() && !each.fiber->ended()) each.fiber->resume();
  });
}

void SimProcess::pause(Actor& actor) {
  WEIR_CHECK(running_ == &actor, "an actor pauses itself");
  Fiber::pause();
  if (dying_) throw SimulatedCrash{};
}

void SimProcess::point(const char* where) {
  // Destructors of a process that is dying come here too.
  if (std::uncaught_exceptions() != 0) return;
  if (!dying_) setup_.schedule->at(*this, where);
  if (dying_) throw SimulatedCrash{};
  if (setup_.schedule->switches()) pause(*running_);
}

bool SimProcess::wait(const char* /*where*/, MonoTime until) {
  running_->state = Actor::State::kWaiting;
  running_->until = until;
  running_->seen = setup_.schedule->changes();
  pause(*running_);
  return clock().mono() < until;
}

}  // namespace weir::test
