#include "engine/lane.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "support/mutant_decider.h"
#include "unit/engine/mend_world.h"

namespace weir::mend_test {
namespace {

// Destroying it takes as long as the test likes.
class SlowToClose final : public test::ForwardingDecider {
 public:
  SlowToClose(World& world, std::shared_future<void> open, std::thread::id& closed_in)
      : ForwardingDecider(std::make_unique<WorldDecider>(world)),
        open_(std::move(open)),
        closed_in_(closed_in) {}
  ~SlowToClose() override {
    open_.wait();
    closed_in_ = std::this_thread::get_id();
  }

 private:
  const std::shared_future<void> open_;
  std::thread::id& closed_in_;
};

// A lane without sources: it claims, has nothing to read and ends.
struct Rig {
  LaneOutcome run(std::chrono::milliseconds patience) {
    LaneParts parts;
    parts.id = kId;
    parts.store = std::make_unique<WorldStore>(*world);
    parts.make_decider = [this]() -> Result<std::unique_ptr<Decider>> {
      return std::unique_ptr<Decider>(
          std::make_unique<SlowToClose>(*world, door.get_future().share(), *closed_in));
    };
    parts.options.close_timeout = patience;
    lane = *Lane::open(std::move(parts), clock, random);
    return lane->run();
  }

  // The thread that is left uses them as long as it likes.
  std::shared_ptr<World> world = std::make_shared<World>();
  std::shared_ptr<std::thread::id> closed_in = std::make_shared<std::thread::id>();
  std::promise<void> door;
  SystemClock clock;
  SeededRandom random{7};
  std::unique_ptr<Lane> lane;
};

TEST_CASE("Lane: the decider is closed in the committer's thread, before the lane is over",
          "[engine]") {
  Rig rig;
  rig.door.set_value();
  const LaneOutcome outcome = rig.run(std::chrono::seconds(60));
  CHECK(outcome.state == LaneState::kFinished);
  CHECK_FALSE(outcome.threads_left);
  CHECK(*rig.closed_in != std::thread::id());
  CHECK(*rig.closed_in != std::this_thread::get_id());
}

TEST_CASE("Lane: a client library that does not close is left behind, and said to be", "[engine]") {
  // Never destroyed: the thread that is left behind looks into it when the door opens.
  static Rig* const rig = new Rig();
  const LaneOutcome outcome = rig->run(std::chrono::milliseconds(1));
  CHECK(outcome.state == LaneState::kFinished);
  CHECK(outcome.threads_left);
  rig->door.set_value();
}

}  // namespace
}  // namespace weir::mend_test
