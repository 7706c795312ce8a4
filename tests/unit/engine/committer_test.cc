#include "engine/committer.h"

#include <catch2/catch.hpp>

#include "unit/engine/mend_world.h"

namespace weir::mend_test {
namespace {

// A committer of the job "clicks", of one process.
struct Rig {
  explicit Rig(World& of) : world(of) {
    parts.id = kId;
    parts.sources.push_back(std::make_unique<WorldSource>(world));
    parts.store = std::make_unique<WorldStore>(world);
    parts.make_decider = [this]() -> Result<std::unique_ptr<Decider>> {
      return std::unique_ptr<Decider>(std::make_unique<WorldDecider>(world));
    };
    parts.options.job_file = "clicks.yaml";
    parts.options.host = "here";
    parts.options.groups["in"] = "g";
    parts.options.same_position = [](const Position& a, const Position& b) { return a == b; };
  }

  std::set<SplitId> claim() {
    const Result<Recovered> claimed = committer.recover(true);
    INFO((claimed ? "" : claimed.error().message()));
    REQUIRE(claimed);
    lost = claimed->offsets_lost;
    std::set<SplitId> splits;
    for (const ClaimedSplit& each : claimed->splits) splits.insert(each.assignment.split);
    return splits;
  }

  World& world;
  LaneParts parts;
  SystemClock clock;
  SeededRandom random{7};
  DeciderWatch watch;
  std::uint64_t lost = 0;  // as of the claim
  Committer committer{parts, clock, random, watch};
};

// Stopped cleanly at epoch 3 with 40 and 50 read; then the job file names partition 0 only.
World narrowed_world() {
  World world;
  world.logs = {{split(0), {0, 100}}};
  world.uncovered = {split(1)};
  world.cell = world.cell_at(3, 1);
  world.lane = world.lane_at(3, 1);
  world.lane->clean_stop = true;
  world.lane->splits[split(0)].position = at(40);
  world.lane->splits[split(1)].position = at(50);
  world.put_mark(0, 40, 3);
  world.put_mark(1, 50, 3);
  return world;
}

TEST_CASE("Committer: what the job file no longer names is not read", "[engine]") {
  World world = narrowed_world();
  SECTION("with a cell (T8)") {}
  SECTION("without (T6)") { world.cell.reset(); }
  const Outlook outlook = Process(world).outlook(SurveyMode::kSettle);
  CHECK_FALSE(outlook.halts());
  CHECK_FALSE(outlook.positions.contains(split(1)));
  world.mirror.erase(split(1));
  Rig rig(world);
  CHECK(rig.claim() == std::set<SplitId>{split(0)});
  CHECK_FALSE(world.mirror.contains(split(1)));
  REQUIRE(rig.committer.refresh());
  CHECK_FALSE(world.mirror.contains(split(1)));
}

TEST_CASE("Committer: without a cell, LANE keeps the position of what is not named", "[engine]") {
  World world = narrowed_world();
  world.cell.reset();
  Rig(world).claim();
  CHECK(world.lane->splits.at(split(1)).position == at(50));
  // Named again, it goes on from there.
  world.cell.reset();
  world.lane->clean_stop = true;
  world.uncovered.clear();
  world.logs[split(1)] = {0, 100};
  Rig again(world);
  CHECK(again.claim() == std::set<SplitId>{split(0), split(1)});
  CHECK(world.mirror.at(split(1)).first == 50);
}

// Code::kNone when the start claims; what foresee() says must be the same.
Code start_of(World& world) {
  const Outlook outlook = Process(world).outlook(SurveyMode::kSettle);
  Rig rig(world);
  const auto claimed = rig.committer.recover(true);
  const Code code = claimed ? Code::kNone : claimed.error().code();
  CHECK((outlook.halts() ? outlook.decision.halt : Code::kNone) == code);
  return code;
}

World stopped_world() {
  World world = narrowed_world();
  world.uncovered.clear();
  world.logs[split(1)] = {0, 100};
  return world;
}

TEST_CASE("Committer: starts as foresee() says", "[engine]") {
  World world = stopped_world();
  SECTION("as it stopped") { CHECK(start_of(world) == Code::kNone); }
  SECTION("the source is another cluster's, and the cell of later") {
    world.input_cluster = "c2";
    world.cell = world.cell_at(2, 9);
    CHECK(start_of(world) == Code::kSourceRewritten);
  }
  SECTION("a gained source whose group is in use") {
    world.lane->sources.clear();
    world.lane->splits.clear();
    world.mirror[split(0)] = {7, std::nullopt};
    world.mirror.erase(split(1));
    world.start_explicit = false;
    SECTION("with a cell") {}
    SECTION("without") { world.cell.reset(); }
    CHECK(start_of(world) == Code::kGroupInUse);
  }
  SECTION("somebody's offset on a partition that LANE lacks") {
    world.lane->splits.erase(split(1));
    world.mirror[split(1)] = {7, std::nullopt};
    CHECK(start_of(world) == Code::kForeignOffsets);
  }
  SECTION("the cell is gone after a kill") {
    world.lane->clean_stop = false;
    world.cell.reset();
    CHECK(start_of(world) == Code::kPositionsExpired);
  }
}

TEST_CASE("Committer: a topic that was made again is gone on with where the source says so",
          "[engine]") {
  World world = stopped_world();
  // Its offsets went with it, and it ends before the position.
  world.logs[split(0)] = {0, 10};
  world.mirror.erase(split(0));
  SECTION("it says nothing") { CHECK(start_of(world) == Code::kForeignOffsets); }
  SECTION("it goes on") {
    world.goes_on_after_loss = true;
    CHECK(start_of(world) == Code::kNone);
    // Until its reader has left it, the position is what it was.
    CHECK(world.mirror.at(split(0)).first == 40);
  }
  SECTION("it goes on, up to an end") {
    world.goes_on_after_loss = true;
    world.bounded = true;
    world.lane->sources["in"].ends = {{"t/0", at(90)}, {"t/1", at(90)}};
    CHECK(start_of(world) == Code::kNone);
    CHECK(world.lane->sources["in"].ends.at("t/0") == at(10));
    CHECK(world.lane->sources["in"].ends.at("t/1") == at(90));
  }
}

TEST_CASE("Committer: knows better than its store what it has decided", "[engine]") {
  World world = stopped_world();
  world.goes_on_after_loss = true;
  Rig rig(world);
  rig.claim();
  const auto epoch = rig.committer.open(AssignmentId{1});
  REQUIRE(epoch);
  REQUIRE(rig.committer.commit(*epoch, {{split(0), at(40), at(60), 20}}, {}));
  CHECK(world.lane->splits.at(split(0)).position == at(40));  // a light lane's
  // Made again, it holds the older position.
  world.logs[split(0)] = {0, 50};
  world.mirror.erase(split(0));
  const auto claimed = rig.committer.recover(false);
  INFO((claimed ? "" : claimed.error().message()));
  REQUIRE(claimed);
  CHECK(claimed->splits.front().assignment.position == at(60));
}

// Partition 1 was found by a pattern, and its topic is gone, with its offsets.
World shrunk_world() {
  World world = stopped_world();
  world.logs.erase(split(1));
  world.mirror.erase(split(1));
  world.missed[split(1)] = 0;
  return world;
}

TEST_CASE("Committer: what a pattern does not find any more is let go", "[engine]") {
  World world = shrunk_world();
  world.lane->sources["in"].ends["t/1"] = at(90);
  SECTION("with a cell") {}
  SECTION("without") { world.cell.reset(); }
  SECTION("after a kill") {
    world.cell = world.cell_at(5, 9);
    world.put_mark(0, 60, 5);
  }
  SECTION("of another cluster") {
    world.input_cluster = "c2";
    world.lane->sources["in"].cluster_id = "c2";
    world.mirror.clear();
    world.lane->light = false;
  }
  const Outlook outlook = Process(world).outlook(SurveyMode::kSettle);
  CHECK_FALSE(outlook.halts());
  CHECK_FALSE(outlook.positions.contains(split(1)));
  Rig rig(world);
  CHECK(rig.claim() == std::set<SplitId>{split(0)});
  CHECK_FALSE(world.mirror.contains(split(1)));
  CHECK_FALSE(world.lane->splits.contains(split(1)));
  CHECK_FALSE(world.lane->sources.at("in").ends.contains("t/1"));
  CHECK(rig.lost == 0);
}

TEST_CASE("Committer: unread records of a topic that is gone are lost as the source says",
          "[engine]") {
  World world = shrunk_world();
  world.missed[split(1)] = 30;
  Rig rig(world);
  SECTION("a HALT") {
    const auto claimed = rig.committer.recover(false);
    REQUIRE_FALSE(claimed);
    CHECK(claimed.error().code() == Code::kDataLoss);
    CHECK(world.lane->splits.contains(split(1)));
  }
  SECTION("or counted") {
    world.goes_on_after_loss = true;
    rig.claim();
    CHECK(rig.lost == 30);
  }
}

TEST_CASE("Committer: a look finds splits that have come, and those that have gone", "[engine]") {
  World world = stopped_world();
  Rig rig(world);
  rig.claim();
  CHECK_FALSE(*rig.committer.look_around());
  SECTION("come") {
    world.logs[split(2)] = {0, 7};
    CHECK(*rig.committer.look_around());
    CHECK(rig.claim().size() == 3);
    CHECK(world.mirror.at(split(2)).first == 0);
  }
  SECTION("gone") {
    world.logs.erase(split(1));
    world.missed[split(1)] = 0;
    CHECK(*rig.committer.look_around());
    world.missed[split(1)] = 3;
    const auto halted = rig.committer.look_around();
    REQUIRE_FALSE(halted);
    CHECK(halted.error().code() == Code::kDataLoss);
  }
  SECTION("both, under one name, later") {
    world.logs.erase(split(1));
    world.missed[split(1)] = 0;
    CHECK(rig.claim() == std::set<SplitId>{split(0)});
    world.mirror.erase(split(1));
    world.logs[split(1)] = {4, 7};
    CHECK(rig.claim() == std::set<SplitId>{split(0), split(1)});
    CHECK(world.mirror.at(split(1)).first == 4);
  }
}

TEST_CASE("Committer: a pattern that matches nothing is a lane without splits", "[engine]") {
  World world;
  SECTION("by `start:`") {}
  SECTION("by the group's offsets") { world.start_committed = true; }
  Rig rig(world);
  CHECK(rig.claim().empty());
  REQUIRE(rig.committer.refresh());
  CHECK(rig.claim().empty());
  world.logs[split(0)] = {3, 7};
  world.start_at = 7;
  CHECK(*rig.committer.look_around());
  CHECK(rig.claim() == std::set<SplitId>{split(0)});
  CHECK(world.mirror.at(split(0)).first == 3);
}

TEST_CASE("Committer: a cell that is looked for elsewhere is named", "[engine]") {
  World world = stopped_world();
  world.lane->clean_stop = false;
  world.lane->decider.epoch_topic = "weir-epochs";
  world.epoch_topic = "other-epochs";
  world.cell.reset();
  Rig rig(world);
  const auto claimed = rig.committer.recover(true);
  REQUIRE_FALSE(claimed);
  CHECK(claimed.error().code() == Code::kPositionsExpired);
  CHECK_THAT(claimed.error().message(),
             Catch::Contains("`epoch_topic: other-epochs`") && Catch::Contains("`weir-epochs`"));
}

TEST_CASE("Committer: an end is kept while the job file has one, and forgotten without",
          "[engine]") {
  World world = stopped_world();
  world.bounded = true;
  world.lane->sources["in"].ends = {{"t/0", at(60)}, {"t/1", at(70)}};
  const auto end_of_first = [&] {
    Rig rig(world);
    const auto claimed = rig.committer.recover(true);
    REQUIRE(claimed);
    return claimed->splits.front().assignment.end;
  };
  CHECK(end_of_first() == at(60));
  CHECK(world.lane->sources["in"].ends.at("t/1") == at(70));
  world.bounded = false;
  CHECK(end_of_first() == std::nullopt);
  CHECK(world.lane->sources["in"].ends.empty());
}

TEST_CASE("Committer: knows nothing before it has recovered", "[engine]") {
  World world = stopped_world();
  Rig rig(world);
  CHECK_FALSE(rig.committer.progress().known);
  rig.claim();
  CHECK(rig.committer.progress().known);
  CHECK(rig.committer.progress().epoch == EpochId{3});
}

// A sink that is told of epochs, as long as it can be asked.
class AskedSink final : public Sink {
 public:
  AskedSink(std::vector<std::string>& said, const bool& away) : said_(said), away_(away) {}
  const std::string& name() const override { return name_; }
  Result<> check(MonoTime) override { return {}; }
  Result<> open(MonoTime) override {
    if (away_) return Error{Action::kRetry, Code::kBrokersUnreachable, "no broker"};
    said_.push_back("open");
    return {};
  }
  Result<std::unique_ptr<SinkWriter>> open_writer(const Waker*) override {
    return Error{Action::kStopJob, "nobody writes"};
  }
  Result<> flush(EpochId, MonoTime) override {
    said_.push_back("flush");
    return {};
  }

 private:
  std::vector<std::string>& said_;
  const bool& away_;
  const std::string name_ = "out";
};

TEST_CASE("Committer: asks its sinks before each epoch, and opens none without an answer",
          "[engine]") {
  World world = stopped_world();
  std::vector<std::string> said;
  bool away = false;
  Rig rig(world);
  rig.parts.sinks.push_back(std::make_unique<AskedSink>(said, away));
  rig.claim();
  for (const std::int64_t from : {40, 60}) {
    const auto epoch = rig.committer.open(AssignmentId{1});
    REQUIRE(epoch);
    REQUIRE(rig.committer.commit(*epoch, {{split(0), at(from), at(from + 20), 20}}, {}));
  }
  CHECK(said == std::vector<std::string>{"open", "flush", "open", "flush"});
  away = true;
  const auto epoch = rig.committer.open(AssignmentId{1});
  REQUIRE_FALSE(epoch);
  CHECK(epoch.error().code() == Code::kBrokersUnreachable);
}

TEST_CASE("Committer: an epoch is decided also when the rotation behind it fails", "[engine]") {
  World world = stopped_world();
  Rig rig(world);
  rig.claim();
  const auto epoch = rig.committer.open(AssignmentId{1});
  REQUIRE(epoch);
  const std::vector<SplitRange> moved = {{split(0), at(40), at(60), 20}};
  SECTION("the commit is lost") {
    world.commit_fault = CommitFault::kLost;
    CHECK_FALSE(rig.committer.commit(*epoch, moved, {}));
    CHECK_FALSE(rig.committer.has_decided(epoch->epoch));
  }
  SECTION("the rotation is") {
    world.fences_left = 0;
    CHECK_FALSE(rig.committer.commit(*epoch, moved, {}));
    CHECK(rig.committer.has_decided(epoch->epoch));
    CHECK(rig.committer.progress().splits.at(split(0)).position == at(60));
  }
}

TEST_CASE("Committer: `rotate: on_doubt` fences behind doubt only", "[engine]") {
  World world = stopped_world();
  Rig rig(world);
  rig.parts.options.rotate_always = false;
  SECTION("of a claim") {
    world.commit_fault = CommitFault::kDoubt;
    rig.claim();
    CHECK(world.fences == 2);
  }
  SECTION("of an epoch, a refresh, a clean stop") {
    rig.claim();
    CHECK(world.fences == 1);
    const auto commit = [&](std::int64_t from) {
      const auto epoch = rig.committer.open(AssignmentId{1});
      REQUIRE(epoch);
      REQUIRE(rig.committer.commit(*epoch, {{split(0), at(from), at(from + 20), 20}}, {}));
    };
    commit(40);
    REQUIRE(rig.committer.refresh());
    CHECK(world.fences == 1);
    world.commit_fault = CommitFault::kDoubt;
    commit(60);
    CHECK(world.fences == 2);
    world.commit_fault = CommitFault::kDoubt;
    REQUIRE(rig.committer.refresh());
    CHECK(world.fences == 3);
    world.commit_fault = CommitFault::kDoubt;
    REQUIRE(rig.committer.clean_stop());
    CHECK(world.fences == 4);
  }
}

TEST_CASE("Committer: a look finds a topic that was made again also where reading has gone on",
          "[engine]") {
  World world = stopped_world();
  Rig rig(world);
  const auto read_on = [&](std::int64_t from) {
    const auto epoch = rig.committer.open(AssignmentId{1});
    REQUIRE(epoch);
    REQUIRE(rig.committer.commit(*epoch, {{split(0), at(from), at(from + 20), 20}}, {}));
  };
  std::int64_t from = 40;
  SECTION("since the claim") { rig.claim(); }
  SECTION("since the first epoch, where the claim had nothing to compare") {
    world.known_from[split(0)] = 50;
    rig.claim();
    read_on(std::exchange(from, 60));
  }
  SECTION("since the look before, where the claim's record has aged out") {
    rig.claim();
    read_on(std::exchange(from, 60));
    REQUIRE(rig.committer.look_around());
    world.known_from[split(0)] = 50;
  }
  SECTION("since the look that could compare, where the one behind it could not") {
    rig.claim();
    read_on(std::exchange(from, 60));
    REQUIRE(rig.committer.look_around());
    read_on(std::exchange(from, 80));
    world.known_from[split(0)] = 90;
    REQUIRE(rig.committer.look_around());
    world.known_from.clear();
  }
  SECTION("also where a claim in between could not compare") {
    rig.claim();
    world.known_from[split(0)] = 90;
    REQUIRE(rig.committer.recover(false));
    world.known_from.clear();
  }
  SECTION("since it ended before the position, and its reader has not seen that") {
    world.goes_on_after_loss = true;
    rig.claim();
    const std::int64_t end = std::exchange(world.logs.at(split(0)).second, from - 1);
    REQUIRE(rig.committer.look_around());
    world.logs.at(split(0)).second = end;
  }
  world.rewritten_below[split(0)] = from;
  read_on(from);
  const auto looked = rig.committer.look_around();
  REQUIRE_FALSE(looked);
  CHECK(looked.error().code() == Code::kSourceRewritten);
  CHECK_THAT(looked.error().message(), Catch::Contains(split(0).text()));
}

TEST_CASE("Committer: what was known of a log that was left says nothing of the one behind it",
          "[engine]") {
  World world = stopped_world();
  world.goes_on_after_loss = true;
  Rig rig(world);
  rig.claim();
  // Made again, and the reader went on at its beginning, of which nothing is consumed yet.
  world.logs[split(0)] = {0, 90};
  world.known_from[split(0)] = 1;
  const auto lost = rig.committer.open(AssignmentId{1});
  REQUIRE(lost);
  REQUIRE(rig.committer.commit(*lost, {{split(0), at(40), at(0), 0}}, {}));
  REQUIRE(rig.committer.recover(false));
  world.rewritten_below[split(0)] = 40;
  world.known_from[split(0)] = 30;
  for (std::int64_t from = 0; from < 60; from += 20) {
    const auto epoch = rig.committer.open(AssignmentId{1});
    REQUIRE(epoch);
    REQUIRE(rig.committer.commit(*epoch, {{split(0), at(from), at(from + 20), 20}}, {}));
  }
  CHECK(rig.committer.look_around());
}

TEST_CASE("Committer: comparing last records has more time, the more there are", "[engine]") {
  World world;
  for (int partition = 0; partition < 1000; ++partition) world.logs[split(partition)] = {0, 9};
  Rig rig(world);
  rig.claim();
  const auto began = rig.clock.mono();
  REQUIRE(rig.committer.look_around());
  CHECK(world.tails_until >= began + std::chrono::seconds(15));
}

TEST_CASE("Committer: nothing begins behind an aborted transaction without a fence", "[engine]") {
  World world = stopped_world();
  Rig rig(world);
  rig.parts.options.rotate_always = false;
  rig.claim();
  const auto empty = rig.committer.open(AssignmentId{1});
  REQUIRE(empty);
  SECTION("the epoch that moved nothing is dropped") {
    REQUIRE(rig.committer.commit(*empty, {}, {}));
    CHECK(world.fences == 2);
    CHECK_FALSE(rig.committer.has_decided(empty->epoch));
  }
  SECTION("and when the fence behind it fails, that is told") {
    world.fences_left = 0;
    CHECK_FALSE(rig.committer.commit(*empty, {}, {}));
  }
}

}  // namespace
}  // namespace weir::mend_test
