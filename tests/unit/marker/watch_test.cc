#include "marker/watch.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <future>
#include <mutex>

#include "marker/local_place.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kEvery{5};

// Says what a test tells it to.
class ScriptedPlace final : public MarkerPlace {
 public:
  const std::string& name() const override { return name_; }
  MarkerCheck check() override { return next; }
  Result<> create() override {
    ++creations;
    if (can_create) return {};
    return Error{Action::kRetry, "no room"};
  }
  Result<bool> remove() override { return true; }
  std::string surroundings() const override { return "here"; }
  void remember(const std::string& surroundings) override { remembered = surroundings; }

  MarkerCheck next;
  bool can_create = true;
  int creations = 0;
  std::string remembered;

 private:
  const std::string name_ = "/run/marker";
};

struct Rig {
  explicit Rig(std::optional<std::string> made_before = {},
               MarkerAtStart at_start = MarkerAtStart::kCreate)
      : options{.at_start = at_start,
                .check_every = kEvery,
                .made_before = std::move(made_before),
                .remember = [this](const std::string& surroundings) -> Result<> {
                  kept.push_back(surroundings);
                  if (disk_full) return Error{Action::kStopJob, "the disk is full"};
                  return {};
                }} {}

  MarkerWord check(MarkerVerdict verdict, std::string why = {}) {
    place.next = {verdict, std::move(why)};
    clock.advance_to(task.next_check());
    return task.check();
  }

  test::ManualClock clock;
  ScriptedPlace place;
  std::deque<std::string> kept;
  bool disk_full = false;
  MarkerOptions options;
  MarkerTask task{place, options, clock};
};

TEST_CASE("marker task: made, kept before the word, deleted", "[marker]") {
  Rig rig;
  CHECK(rig.check(MarkerVerdict::kGone) == MarkerWord::kRun);
  CHECK(rig.place.creations == 1);
  CHECK(rig.kept == std::deque<std::string>{"here"});
  CHECK(rig.check(MarkerVerdict::kExists) == MarkerWord::kRun);
  CHECK(rig.kept.size() == 1);
  CHECK(rig.check(MarkerVerdict::kGone) == MarkerWord::kRun);
  // A person who sets the clock stops no job.
  rig.clock.jump(std::chrono::hours(24));
  CHECK(rig.clock.mono() < rig.task.next_check());
  CHECK(rig.check(MarkerVerdict::kGone) == MarkerWord::kStop);
  CHECK(rig.place.creations == 1);
  CHECK(rig.task.next_check() == MonoTime::max());
}

TEST_CASE("marker task: what cannot be made is tried again while the job runs", "[marker]") {
  Rig rig;
  rig.place.can_create = false;
  CHECK(rig.check(MarkerVerdict::kGone) == MarkerWord::kRun);
  CHECK(rig.check(MarkerVerdict::kUnknown, "refused") == MarkerWord::kRun);
  CHECK(rig.kept.empty());
  rig.place.can_create = true;
  CHECK(rig.check(MarkerVerdict::kUnknown, "refused") == MarkerWord::kRun);
  CHECK(rig.place.creations == 3);
  CHECK(rig.kept.size() == 1);
  CHECK(rig.task.unknown_total() == 2);
}

TEST_CASE("marker task: a marker of the run before, gone, is a stop and is not made", "[marker]") {
  Rig rig("there");
  CHECK(rig.place.remembered == "there");
  CHECK(rig.check(MarkerVerdict::kGone) == MarkerWord::kHold);
  CHECK(rig.check(MarkerVerdict::kGone) == MarkerWord::kStop);
  CHECK(rig.place.creations == 0);
}

TEST_CASE("marker task: required and not there is refused, with a code", "[marker]") {
  Rig rig({}, MarkerAtStart::kRequire);
  CHECK(rig.check(MarkerVerdict::kUnknown, "refused") == MarkerWord::kHold);
  CHECK(rig.check(MarkerVerdict::kGone) == MarkerWord::kHold);
  CHECK(rig.check(MarkerVerdict::kGone) == MarkerWord::kRefuse);
  CHECK(rig.task.error().code() == Code::kMarkerMissing);
  CHECK(rig.place.creations == 0);
}

TEST_CASE("marker task: a FIFO is refused at the start, and later tells nothing", "[marker]") {
  {
    Rig rig;
    rig.place.next = {MarkerVerdict::kUnknown, "it is a FIFO", true};
    CHECK(rig.task.check() == MarkerWord::kRefuse);
    CHECK(rig.task.error().code() == Code::kMarkerUnusable);
  }
  Rig rig;
  CHECK(rig.check(MarkerVerdict::kExists) == MarkerWord::kRun);
  rig.place.next = {MarkerVerdict::kUnknown, "it is a FIFO", true};
  CHECK(rig.task.check() == MarkerWord::kRun);
}

TEST_CASE("marker task: what cannot be kept is no start", "[marker]") {
  Rig rig;
  rig.disk_full = true;
  CHECK(rig.check(MarkerVerdict::kExists) == MarkerWord::kRefuse);
  CHECK(rig.task.error().message() == "the disk is full");
}

// A word of the watch's thread.
struct Heard {
  void operator()(MarkerWord word) {
    if (word == MarkerWord::kRun) runs.set_value();
    if (word == MarkerWord::kStop) stops.set_value();
  }
  std::promise<void> runs, stops;
};

TEST_CASE("marker watch: runs when the marker was made, stops when it is deleted", "[marker]") {
  const test::TempDir dir;
  const SystemClock clock;
  Heard heard;
  MarkerOptions options;
  options.check_every = std::chrono::milliseconds(1);
  auto watch = MarkerWatch::start(make_local_place(dir.path() + "/marker", false), options, clock,
                                  [&](MarkerWord word) { heard(word); });
  REQUIRE(watch);
  heard.runs.get_future().wait();
  CHECK((*watch)->word() == MarkerWord::kRun);
  REQUIRE(std::filesystem::remove(dir.path() + "/marker"));
  heard.stops.get_future().wait();
  CHECK((*watch)->word() == MarkerWord::kStop);
  CHECK((*watch)->close());
}

// Inside of a call until it is cancelled, or for ever.
class HangingPlace final : public MarkerPlace {
 public:
  explicit HangingPlace(bool can_cancel, std::shared_future<void> end)
      : can_cancel_(can_cancel), end_(std::move(end)) {}
  const std::string& name() const override { return name_; }
  MarkerCheck check() override {
    inside.set_value();
    can_cancel_ ? cancelled_.get_future().wait() : end_.wait();
    return {MarkerVerdict::kExists};
  }
  Result<> create() override { return {}; }
  Result<bool> remove() override { return true; }
  void cancel() override {
    std::call_once(once_, [this] { cancelled_.set_value(); });
  }

  std::promise<void> inside;

 private:
  const std::string name_ = "/mnt/marker";
  const bool can_cancel_;
  const std::shared_future<void> end_;
  std::once_flag once_;
  std::promise<void> cancelled_;
};

TEST_CASE("marker watch: a look that does not return is left behind, and says no more",
          "[marker]") {
  const SystemClock clock;
  for (const bool can_cancel : {true, false}) {
    std::promise<void> end;
    auto place = std::make_unique<HangingPlace>(can_cancel, end.get_future().share());
    std::future<void> inside = place->inside.get_future();
    std::atomic<int> words = 0;
    std::atomic<int> kept = 0;
    MarkerOptions options;
    options.close_timeout = std::chrono::milliseconds(can_cancel ? 60'000 : 20);
    options.remember = [&](const std::string&) {
      ++kept;
      return Result<>();
    };
    auto watch = MarkerWatch::start(std::move(place), options, clock, [&](MarkerWord) { ++words; });
    REQUIRE(watch);
    inside.wait();
    CHECK((*watch)->close() == can_cancel);
    const int before = words + kept;
    end.set_value();
    watch->reset();  // waits for the thread again
    CHECK(words + kept == before);
  }
}

}  // namespace
}  // namespace weir
