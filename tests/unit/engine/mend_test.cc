#include "engine/mend.h"

#include <catch2/catch.hpp>

#include "unit/engine/mend_world.h"

namespace weir::mend_test {
namespace {

// Two partitions of 100 records, read to 40 and 50, stopped cleanly at epoch 3.
World stopped_world() {
  World world;
  world.logs = {{split(0), {0, 100}}, {split(1), {0, 100}}};
  world.cell = world.cell_at(3, 1);
  world.lane = world.lane_at(3, 1);
  world.lane->clean_stop = true;
  world.lane->splits[split(0)].position = at(40);
  world.lane->splits[split(1)].position = at(50);
  world.put_mark(0, 40, 3);
  world.put_mark(1, 50, 3);
  return world;
}

// The same after kill -9 at epoch 7, with 60 and 70 read.
World killed_world() {
  World world = stopped_world();
  world.lane->clean_stop = false;
  world.cell = world.cell_at(7, 5);
  world.put_mark(0, 60, 7);
  world.put_mark(1, 70, 6);
  return world;
}

MendRequest request(MendKind kind) {
  MendRequest made;
  made.kind = kind;
  made.attempt = AttemptId{999};
  return made;
}
MendRequest seek_request(std::vector<Seek> seeks) {
  MendRequest made = request(MendKind::kSeek);
  made.seeks = std::move(seeks);
  return made;
}
MendRequest skip_request(int partition, std::int64_t offset) {
  MendRequest made = request(MendKind::kSkip);
  made.skips = {{split(partition), at(offset)}};
  return made;
}

bool says(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

// Runs the command, which must work, and looks where the next start goes on: without a HALT, at
// the positions that were decided, with cell, LANE and group in accord.
Mend run(World& world, const MendRequest& what, std::int64_t first, std::int64_t second,
         bool takeover = false) {
  auto [mend, done] = Process(world, takeover).run(what);
  INFO(mend.text);
  REQUIRE(mend.verdict == MendVerdict::kDo);
  INFO((done ? "" : done.error().message()));
  REQUIRE(done);
  const Outlook next = Process(world).outlook(SurveyMode::kSettle);
  INFO(next.decision.text);
  CHECK(next.decision.row == "T8");
  CHECK_FALSE(next.halts());
  CHECK(next.positions.at(split(0)).position == at(first));
  CHECK(next.positions.at(split(1)).position == at(second));
  CHECK(world.mirror.at(split(0)).first == first);
  CHECK(world.lane->owner == world.cell->owner);
  CHECK(world.lane->owner == world.lane->owner_next);
  CHECK(world.lane->clean_stop);
  return std::move(mend);
}

Mend refuse(World& world, const MendRequest& what, const std::string& why) {
  const World before = world;
  auto [mend, done] = Process(world).run(what);
  INFO(mend.text);
  CHECK(mend.verdict == MendVerdict::kRefused);
  CHECK(says(mend.text, why));
  CHECK(world.lane == before.lane);
  CHECK(world.cell == before.cell);
  return std::move(mend);
}

void check_change(const Mend& mend, int partition, std::int64_t skipped, std::int64_t again,
                  bool at_most = false) {
  for (const SplitChange& change : mend.changes) {
    if (change.split != split(partition)) continue;
    INFO(change.split.text());
    CHECK(change.skipped == skipped);
    CHECK(change.again == again);
    CHECK(change.at_most == at_most);
    return;
  }
  FAIL("no change of " << split(partition).text());
}

TEST_CASE("foresee: a stopped and a killed lane go on", "[engine]") {
  World stopped = stopped_world();
  CHECK(Process(stopped).outlook().decision.row == "T8");
  World killed = killed_world();
  const Outlook outlook = Process(killed).outlook();
  CHECK(outlook.decision.row == "T12");
  CHECK(outlook.positions.at(split(0)).position == at(60));
}

TEST_CASE("foresee: positions outside of the log are what the reader will find", "[engine]") {
  World world = stopped_world();
  world.logs[split(0)] = {45, 100};
  const Outlook lost = Process(world).outlook();
  CHECK(lost.halts(Code::kDataLoss));
  CHECK(says(lost.decision.text, "5 offsets were deleted"));
  CHECK(says(lost.decision.text, "weir offsets clicks.yaml seek in/t/0=earliest"));
  world.logs[split(0)] = {0, 10};
  CHECK(Process(world).outlook().halts(Code::kSourceRewritten));
  world.goes_on_after_loss = true;
  CHECK_FALSE(Process(world).outlook().halts());
}

TEST_CASE("foresee: what was rewritten is named before the offsets that vanished with it",
          "[engine]") {
  World world = stopped_world();
  world.mirror.clear();
  CHECK(Process(world).outlook().halts(Code::kForeignOffsets));
  world.rewritten = {split(0), split(1)};
  const Outlook outlook = Process(world).outlook();
  CHECK(outlook.halts(Code::kSourceRewritten));
  CHECK(says(outlook.decision.text, "seek in/t/0=earliest in/t/1=earliest"));
}

TEST_CASE("foresee: another cluster halts before anything is compared or fenced", "[engine]") {
  World world = stopped_world();
  world.cluster = "c2";
  CHECK(Process(world).outlook(SurveyMode::kSettle).decision.row == "cluster");
  CHECK(world.fences == 0);
}

TEST_CASE("take_survey: another owner is not fenced", "[engine]") {
  World world = stopped_world();
  world.cell = world.cell_at(3, 1, 99);
  CHECK(Process(world).outlook(SurveyMode::kSettle).halts(Code::kOtherOwner));
  CHECK(world.fences == 0);
  CHECK_FALSE(Process(world, true).outlook(SurveyMode::kSettle).halts(Code::kOtherOwner));
  CHECK(world.fences == 1);
}

TEST_CASE("adopt: a group that was reset is read again, or skipped, and counted", "[engine]") {
  World world = stopped_world();
  world.mirror[split(0)] = {0, {}};
  world.mirror[split(1)] = {80, {}};
  const Mend mend = run(world, request(MendKind::kAdopt), 0, 80);
  check_change(mend, 0, 0, 40);
  check_change(mend, 1, 30, 0);
}

TEST_CASE("adopt: where the group has no offset, this job's own position stays", "[engine]") {
  World world = stopped_world();
  world.mirror[split(0)] = {10, {}};
  world.mirror.erase(split(1));
  const Mend mend = run(world, request(MendKind::kAdopt), 10, 50);
  check_change(mend, 1, 0, 0);
}

TEST_CASE("adopt: refuses an empty group, and offsets that the log does not hold", "[engine]") {
  World world = stopped_world();
  world.mirror.clear();
  refuse(world, request(MendKind::kAdopt), "the group has no offset");
  world.mirror[split(0)] = {1000, {}};
  refuse(world, request(MendKind::kAdopt), "could not read on from there");
}

TEST_CASE("adopt: a lane whose cell expired goes on from its own marks", "[engine]") {
  World world = killed_world();
  world.cell.reset();
  CHECK(Process(world).outlook().halts(Code::kPositionsExpired));
  const Mend mend = run(world, request(MendKind::kAdopt), 60, 70);
  check_change(mend, 0, 0, 0);
  check_change(mend, 1, 0, 0);
  // The cell is made again at the last epoch that anything knows of, never at an older one.
  CHECK(world.cell->epoch == EpochId{7});
}

TEST_CASE("adopt: a lost identity is found in the group", "[engine]") {
  World world = killed_world();
  world.cell.reset();
  world.lane.reset();
  CHECK(Process(world).outlook().halts(Code::kIdentityLost));
  refuse(world, request(MendKind::kRestore), "no record to restore from");
  const Mend mend = run(world, request(MendKind::kAdopt), 60, 70);
  check_change(mend, 0, 0, 0);
  CHECK(world.cell->epoch == EpochId{7});
}

TEST_CASE("adopt: says so when there is nothing to adopt", "[engine]") {
  World world = stopped_world();
  const auto [mend, done] = Process(world).run(request(MendKind::kAdopt));
  CHECK(mend.verdict == MendVerdict::kNothingToDo);
  CHECK(says(mend.text, "weir run clicks.yaml goes on"));
  World regressed = stopped_world();
  regressed.cell = regressed.cell_at(2, 4);
  refuse(regressed, request(MendKind::kAdopt), "HALT decider_regressed");
}

TEST_CASE("restore: the group gets back what it had, and nothing is read twice", "[engine]") {
  World world = stopped_world();
  world.mirror[split(0)] = {0, {}};
  world.mirror.erase(split(1));
  const Mend mend = run(world, request(MendKind::kRestore), 40, 50);
  check_change(mend, 0, 0, 0);
  check_change(mend, 1, 0, 0);
}

TEST_CASE("restore: after kill -9 the marks that are left count, the rest is bounded", "[engine]") {
  World world = killed_world();
  world.mirror.erase(split(1));
  CHECK(Process(world).outlook().halts(Code::kPositionsExpired));
  const Mend mend = run(world, request(MendKind::kRestore), 60, 50);
  check_change(mend, 0, 0, 0);
  check_change(mend, 1, 0, 50, true);  // read to 70; nothing knows that any more
  CHECK(world.cell->epoch == EpochId{7});
}

TEST_CASE("restore: positions that expired together with the cell come from LANE", "[engine]") {
  World world = killed_world();
  world.cell.reset();
  world.mirror.clear();
  const Mend mend = run(world, request(MendKind::kRestore), 40, 50);
  check_change(mend, 0, 0, 60, true);
  CHECK(world.cell->epoch == EpochId{3});
}

TEST_CASE("decide: a decider that went back is followed, or led", "[engine]") {
  World world = stopped_world();
  world.cell = world.cell_at(2, 4);
  world.put_mark(0, 30, 2);
  world.put_mark(1, 50, 1);
  CHECK(Process(world).outlook().halts(Code::kDeciderRegressed));
  World led = world;
  const Mend local = run(led, request(MendKind::kTrustLocal), 40, 50);
  check_change(local, 0, 0, 0);
  CHECK(led.cell->epoch == EpochId{3});
  World followed = world;
  const Mend decider = run(followed, request(MendKind::kTrustDecider), 30, 50);
  check_change(decider, 0, 0, 10);
  CHECK(followed.cell->epoch == EpochId{2});
  world.mirror.erase(split(1));
  refuse(world, request(MendKind::kTrustDecider), "no offset of this job for");
}

World doubtful_world() {
  World world = stopped_world();
  world.cell.reset();
  world.mirror.clear();
  world.lane->light = false;
  world.lane->clean_stop = false;
  world.prepared.emplace();
  world.prepared->epoch = EpochId{4};
  world.prepared->attempt = AttemptId{9};
  world.prepared->digest = Digest{8};
  world.prepared->splits[split(0)].position = at(44);
  world.prepared->splits[split(1)].position = at(50);
  return world;
}

TEST_CASE("decide: a prepared epoch without a cell was committed, or not, as a person says",
          "[engine]") {
  World committed = doubtful_world();
  CHECK(Process(committed).outlook().halts(Code::kInDoubt));
  run(committed, request(MendKind::kCommitted), 44, 50);
  CHECK(committed.cell->epoch == EpochId{4});
  CHECK(committed.cell->attempt == AttemptId{9});
  CHECK(committed.cell->digest == Digest{8});
  CHECK(committed.prepared);  // a D record at L
  World not_committed = doubtful_world();
  run(not_committed, request(MendKind::kNotCommitted), 40, 50);
  CHECK(not_committed.cell->epoch == EpochId{3});
  CHECK_FALSE(not_committed.prepared);
}

TEST_CASE("decide: says so when nothing is in doubt and the decider did not go back", "[engine]") {
  World world = stopped_world();
  for (const MendKind kind : {MendKind::kCommitted, MendKind::kNotCommitted, MendKind::kTrustLocal,
                              MendKind::kTrustDecider}) {
    CHECK(Process(world).run(request(kind)).first.verdict == MendVerdict::kNothingToDo);
    World foreign = stopped_world();
    foreign.mirror[split(0)] = {0, {}};
    refuse(foreign, request(kind), "HALT foreign_offsets");
  }
}

TEST_CASE("seek: goes on where records are, and counts those that were deleted", "[engine]") {
  World world = stopped_world();
  world.logs[split(0)] = {45, 100};
  check_change(run(world, seek_request({{split(0), SeekTo::kEarliest, {}}}), 45, 50), 0, 5, 0);
  check_change(run(world, seek_request({{split(0), SeekTo::kLatest, {}}}), 100, 50), 0, 55, 0);
  check_change(run(world, seek_request({{split(0), SeekTo::kOffset, at(60)}}), 60, 50), 0, 0, 40);
  refuse(world, seek_request({{split(0), SeekTo::kOffset, at(44)}}), "could not read on");
  refuse(world, seek_request({{split(7), SeekTo::kLatest, {}}}), "there is no in/t/7");
}

TEST_CASE("seek: a rewritten partition is read anew; one that is left is named", "[engine]") {
  World world = stopped_world();
  world.rewritten = {split(0), split(1)};
  world.mirror.clear();
  world.logs = {{split(0), {0, 20}}, {split(1), {0, 20}}};
  world.lane->sources["in"].ends = {{"t/0", at(90)}, {"t/1", at(90)}};
  World both = world;
  both.rewritten.clear();  // once it is read anew, there is nothing that could differ
  auto [mend, done] = Process(world).run(
      seek_request({{split(0), SeekTo::kEarliest, {}}, {split(1), SeekTo::kLatest, {}}}));
  REQUIRE(done);
  check_change(mend, 0, 0, 0);
  check_change(mend, 1, 20, 0);
  CHECK(world.lane->splits.at(split(1)).position == at(20));
  CHECK(world.lane->sources.at("in").ends.empty());

  World one = stopped_world();
  one.rewritten = {split(0), split(1)};
  one.mirror.clear();
  auto [part, part_done] = Process(one).run(seek_request({{split(0), SeekTo::kEarliest, {}}}));
  REQUIRE(part.verdict == MendVerdict::kDo);
  CHECK(says(part.remarks.back(), "seek in/t/1=earliest"));
  CHECK(one.lane->splits.at(split(1)).position == at(50));
}

TEST_CASE("seek: does not guess the positions of other partitions", "[engine]") {
  World world = stopped_world();
  world.mirror[split(1)] = {0, {}};
  refuse(world, seek_request({{split(0), SeekTo::kEarliest, {}}}), "HALT foreign_offsets");
  run(world, seek_request({{split(0), SeekTo::kEarliest, {}}, {split(1), SeekTo::kLatest, {}}}), 0,
      100);
  World expired = killed_world();
  expired.cell.reset();
  refuse(expired, seek_request({{split(0), SeekTo::kEarliest, {}}}), "HALT positions_expired");
  run(expired, seek_request({{split(0), SeekTo::kEarliest, {}}, {split(1), SeekTo::kLatest, {}}}),
      0, 100);
}

TEST_CASE("seek: a partition that is gone is forgotten", "[engine]") {
  World world = stopped_world();
  world.cell.reset();
  world.lane->splits[split(2)].position = at(5);
  CHECK(Process(world).outlook().halts(Code::kSourceRewritten));
  const Mend mend = run(world, seek_request({{split(2), SeekTo::kEarliest, {}}}), 40, 50);
  CHECK(says(mend.remarks.front(), "in/t/2 is not there any more"));
  CHECK_FALSE(world.lane->splits.contains(split(2)));
}

TEST_CASE("skip: keeps a record out until the position has passed it", "[engine]") {
  World world = killed_world();
  run(world, skip_request(0, 60), 60, 70);
  const Mend more = run(world, skip_request(1, 90), 60, 70);
  CHECK(says(more.remarks.back(), "20 offsets come before it"));
  CHECK(world.lane->skips.at(split(0)) == std::set<Position>{at(60)});
  CHECK(world.lane->skips.at(split(1)) == std::set<Position>{at(90)});
  CHECK(Process(world).run(skip_request(1, 90)).first.verdict == MendVerdict::kNothingToDo);
  // Passed by the next command's claim.
  run(world, seek_request({{split(1), SeekTo::kOffset, at(91)}}), 60, 91);
  CHECK(world.lane->skips.contains(split(0)));
  CHECK_FALSE(world.lane->skips.contains(split(1)));
}

TEST_CASE("skip: refuses records that were read, that are not there yet, or nowhere", "[engine]") {
  World world = stopped_world();
  refuse(world, skip_request(0, 39), "was read already: the position is 40");
  refuse(world, skip_request(0, 100), "the log ends at 100");
  refuse(world, skip_request(9, 1), "there is no in/t/9");
  world.mirror.clear();
  refuse(world, skip_request(0, 60), "HALT foreign_offsets");
}

TEST_CASE("reset: begins anew by `start:`, under the lane's own name", "[engine]") {
  World world = killed_world();
  world.lane->skips[split(0)] = {at(80)};
  const Mend mend = run(world, request(MendKind::kReset), 0, 0);
  check_change(mend, 0, 0, 60);
  check_change(mend, 1, 0, 70);
  CHECK(world.lane->skips.empty());
  // The epoch does not go back, so whatever is left of the old life is older.
  CHECK(world.cell->epoch == EpochId{7});
  CHECK(world.cell->owner != OwnerId{11});
}

TEST_CASE("reset: leads out of what no other command can mend", "[engine]") {
  World two_writers = stopped_world();
  two_writers.cell = two_writers.cell_at(3, 77);
  CHECK(Process(two_writers).outlook().halts(Code::kTwoWriters));
  run(two_writers, request(MendKind::kReset), 0, 0);

  World lost = killed_world();
  lost.cell.reset();
  lost.lane.reset();
  CHECK(Process(lost).outlook().halts(Code::kIdentityLost));
  run(lost, request(MendKind::kReset), 0, 0);
  CHECK(lost.cell->epoch == EpochId{7});

  World damaged = killed_world();
  damaged.lane.reset();
  damaged.damage = "LANE fails its checksum";
  CHECK(Process(damaged).outlook().halts(Code::kCorruptStore));
  CHECK(says(refuse(damaged, request(MendKind::kReset), "HALT other_owner").text,
             "without the store, whose job this is cannot be told"));
  CHECK(damaged.fences == 0);
  run(damaged, request(MendKind::kReset), 0, 0, true);

  World moved = stopped_world();
  moved.cluster = "c2";
  moved.cell.reset();
  moved.mirror.clear();
  check_change(run(moved, request(MendKind::kReset), 0, 0), 0, 0, 0);
}

// A lane with D records, since its input is not in the decider's cluster; nothing mirrors it.
World mirrorless_world() {
  World world = stopped_world();
  world.input_cluster = "c9";
  world.mirror.clear();
  world.lane->light = false;
  world.lane->clean_stop = false;
  world.lane->sources["in"].cluster_id = "c9";
  world.lane->digest = Digest{8};
  world.cell->digest = Digest{8};
  world.applied = {EpochId{2}, EpochId{3}};
  return world;
}

TEST_CASE("a source of another cluster goes on from this machine's record", "[engine]") {
  World world = mirrorless_world();
  const Outlook outlook = Process(world).outlook();
  CHECK(outlook.decision.row == "T8");
  CHECK(outlook.positions.at(split(0)).position == at(40));
  world.logs[split(2)] = {0, 10};
  CHECK(Process(world).outlook().from_beginning == std::vector<SplitId>{split(2)});

  const MendRequest to_latest = seek_request({{split(1), SeekTo::kLatest, {}}});
  const auto [mend, done] = Process(world).run(to_latest);
  REQUIRE(done);
  check_change(mend, 0, 0, 0);
  check_change(mend, 1, 50, 0);
  CHECK(world.mirror.empty());
  CHECK(Process(world).outlook().positions.at(split(1)).position == at(100));
}

TEST_CASE("a split that is away keeps its position where nothing else knows it", "[engine]") {
  World world = mirrorless_world();
  world.logs.erase(split(1));
  world.logs[split(2)] = {0, 10};
  REQUIRE(Process(world).run(seek_request({{split(2), SeekTo::kLatest, {}}})).second);
  CHECK(world.lane->splits.at(split(1)).position == at(50));
  REQUIRE(Process(world).run(seek_request({{split(1), SeekTo::kLatest, {}}})).second);
  CHECK_FALSE(world.lane->splits.contains(split(1)));
}

TEST_CASE("reset: D records of the old life go with it", "[engine]") {
  World world = mirrorless_world();
  EpochRecord prepared;
  prepared.epoch = EpochId{4};
  prepared.attempt = AttemptId{6};
  world.prepared = prepared;
  const auto [mend, done] = Process(world).run(request(MendKind::kReset));
  REQUIRE(done);
  CHECK(world.applied.empty());
  CHECK_FALSE(world.prepared);
  CHECK_FALSE(world.lane->light);
  const Outlook next = Process(world).outlook();
  CHECK(next.decision.row == "T8");
  CHECK(next.positions.at(split(0)).position == at(0));

  World in_doubt = mirrorless_world();
  in_doubt.prepared = prepared;
  in_doubt.cell.reset();
  refuse(in_doubt, request(MendKind::kReset), "decide --committed");
}

TEST_CASE("reset: follows `start:`, and keeps to the rules of a first start", "[engine]") {
  World latest = stopped_world();
  latest.start_at = 100;
  check_change(run(latest, request(MendKind::kReset), 100, 100), 0, 60, 0);

  World committed = stopped_world();
  committed.start_committed = true;
  committed.mirror[split(0)] = {20, {}};
  committed.mirror.erase(split(1));
  run(committed, request(MendKind::kReset), 20, 0);
  committed.members = true;
  refuse(committed, request(MendKind::kReset), "live members");

  World foreign = stopped_world();
  foreign.start_explicit = false;
  foreign.mirror[split(0)] = {20, {}};
  refuse(foreign, request(MendKind::kReset), "HALT group_in_use");

  World never;
  never.logs = {{split(0), {0, 100}}};
  CHECK(Process(never).run(request(MendKind::kReset)).first.verdict == MendVerdict::kNothingToDo);
}

TEST_CASE("every command: refuses a cell of another owner or of somebody else", "[engine]") {
  for (const MendKind kind : {MendKind::kAdopt, MendKind::kRestore, MendKind::kTrustLocal,
                              MendKind::kSeek, MendKind::kSkip, MendKind::kReset}) {
    MendRequest what = request(kind);
    what.seeks = {{split(0), SeekTo::kEarliest, {}}};
    what.skips = {{split(0), at(60)}};
    World other = stopped_world();
    other.cell = other.cell_at(9, 9, 99);
    CHECK(says(refuse(other, what, "HALT other_owner").text, "with --takeover"));
    CHECK(other.fences == 0);
    World foreign = stopped_world();
    foreign.cell_is_foreign = true;
    refuse(foreign, what, "HALT foreign_cell");
  }
}

TEST_CASE("adopt --takeover: a job that moved to a new machine, whose group is not its own",
          "[engine]") {
  World world = killed_world();
  world.lane.reset();
  world.mirror[split(0)] = {20, {}};
  const Outlook outlook = Process(world, true).outlook();
  CHECK(outlook.halts(Code::kPositionsExpired));
  CHECK(says(outlook.decision.text, "weir offsets clicks.yaml adopt --takeover"));
  const Mend mend = run(world, request(MendKind::kAdopt), 20, 70, true);
  check_change(mend, 0, 20, 80, true);  // nothing knows how far it was read
  check_change(mend, 1, 0, 0);
}

// One command, and the world it is the way out of.
struct Scene {
  std::string name;
  World world;
  MendRequest what;
  std::int64_t first, second;
};

std::vector<Scene> scenes() {
  World reset_group = stopped_world();
  reset_group.mirror[split(0)] = {0, {}};
  World expired = killed_world();
  expired.cell.reset();
  World gone = killed_world();
  gone.mirror.clear();
  World lost = killed_world();
  lost.cell.reset();
  lost.lane.reset();
  World back = stopped_world();
  back.cell = back.cell_at(2, 4);
  back.put_mark(0, 30, 2);
  back.put_mark(1, 50, 1);
  World two_writers = stopped_world();
  two_writers.cell = two_writers.cell_at(3, 77);
  World data_loss = stopped_world();
  data_loss.logs[split(0)] = {45, 100};
  return {
      {"adopt, foreign_offsets", reset_group, request(MendKind::kAdopt), 0, 50},
      {"restore, foreign_offsets", reset_group, request(MendKind::kRestore), 40, 50},
      {"adopt, positions_expired", expired, request(MendKind::kAdopt), 60, 70},
      {"restore, positions_expired", expired, request(MendKind::kRestore), 60, 70},
      {"restore, group gone", gone, request(MendKind::kRestore), 40, 50},
      {"adopt, identity_lost", lost, request(MendKind::kAdopt), 60, 70},
      {"reset, identity_lost", lost, request(MendKind::kReset), 0, 0},
      {"trust-local", back, request(MendKind::kTrustLocal), 40, 50},
      {"trust-decider", back, request(MendKind::kTrustDecider), 30, 50},
      {"committed", doubtful_world(), request(MendKind::kCommitted), 44, 50},
      {"not-committed", doubtful_world(), request(MendKind::kNotCommitted), 40, 50},
      {"seek", data_loss, seek_request({{split(0), SeekTo::kEarliest, {}}}), 45, 50},
      {"skip", killed_world(), skip_request(0, 60), 60, 70},
      {"reset, killed", killed_world(), request(MendKind::kReset), 0, 0},
      {"reset, two_writers", two_writers, request(MendKind::kReset), 0, 0},
  };
}

TEST_CASE(
    "carry_out: a crash before any of its writes leaves a start that goes on, or a command "
    "that finishes when it is given again",
    "[engine]") {
  for (const Scene& scene : scenes()) {
    for (int writes = 0; writes < 4; ++writes) {
      INFO(scene.name << ", killed before write " << writes);
      World world = scene.world;
      world.writes_left = writes;
      const auto [mend, done] = Process(world).run(scene.what);
      REQUIRE(mend.verdict == MendVerdict::kDo);
      world.writes_left = 1'000'000;
      Outlook next = Process(world).outlook(SurveyMode::kSettle);
      if (next.halts()) {
        const auto [again, again_done] = Process(world).run(scene.what);
        INFO(next.decision.text << "\n" << again.text);
        REQUIRE(again.verdict == MendVerdict::kDo);
        REQUIRE(again_done);
        next = Process(world).outlook(SurveyMode::kSettle);
      }
      INFO(next.decision.text);
      CHECK_FALSE(next.halts());
      // Either the command has taken effect, or nothing has happened where no HALT asked for it.
      const bool untouched = world.lane == scene.world.lane && world.cell == scene.world.cell;
      if (untouched) continue;
      CHECK(next.positions.at(split(0)).position == at(scene.first));
      CHECK(next.positions.at(split(1)).position == at(scene.second));
    }
  }
}

TEST_CASE("carry_out: an answer that is not a plain OK is looked up", "[engine]") {
  for (const CommitFault fault : {CommitFault::kDoneUnseen, CommitFault::kDoubt}) {
    World world = stopped_world();
    world.mirror[split(0)] = {0, {}};
    world.commit_fault = fault;
    run(world, request(MendKind::kAdopt), 0, 50);
  }
  World world = stopped_world();
  world.mirror[split(0)] = {0, {}};
  world.commit_fault = CommitFault::kLost;
  const auto [mend, done] = Process(world).run(request(MendKind::kAdopt));
  REQUIRE_FALSE(done);
  CHECK(done.error().action() == Action::kRetry);
  CHECK(says(done.error().message(), "run the command again"));
  run(world, request(MendKind::kAdopt), 0, 50);
}

}  // namespace
}  // namespace weir::mend_test
