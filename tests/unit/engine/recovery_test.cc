#include "engine/recovery.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

const LaneId kId{"weir", "clicks", "0"};
constexpr OwnerId kOurs{11};
constexpr OwnerId kOther{99};

Cell cell_at(std::int64_t epoch, std::uint64_t attempt, OwnerId owner = kOurs) {
  Cell cell;
  cell.id = kId;
  cell.epoch = EpochId{epoch};
  cell.attempt = AttemptId{attempt};
  cell.owner = owner;
  cell.host = "elsewhere";
  return cell;
}

LaneRecord lane_at(std::int64_t epoch, std::uint64_t attempt) {
  LaneRecord lane;
  lane.id = kId;
  lane.owner = kOurs;
  lane.epoch = EpochId{epoch};
  lane.attempt = AttemptId{attempt};
  return lane;
}

RecoveryFacts facts_of(std::optional<LaneRecord> lane, std::optional<Cell> cell) {
  RecoveryFacts facts;
  facts.id = kId;
  facts.job = "clicks.yaml";
  facts.lane = std::move(lane);
  facts.cell = {cell ? ReadState::kValue : ReadState::kAbsent, cell, "w2;..."};
  return facts;
}

EpochRecord prepared(std::int64_t epoch, std::uint64_t attempt) {
  EpochRecord record;
  record.epoch = EpochId{epoch};
  record.attempt = AttemptId{attempt};
  record.digest = Digest{7};
  return record;
}

RecoveryDecision decide(const RecoveryFacts& facts, const std::string& row) {
  const RecoveryDecision decision = decide_recovery(facts);
  CHECK(decision.row == row);
  return decision;
}

TEST_CASE("decide_recovery: T1, a store that cannot be read halts", "[engine]") {
  RecoveryFacts facts = facts_of({}, {});
  facts.store_unreadable = true;
  CHECK(decide(facts, "T1").halt == Code::kCorruptStore);
}

TEST_CASE("decide_recovery: T2, a cell that is not weir's or another lane's halts", "[engine]") {
  RecoveryFacts facts = facts_of(lane_at(3, 1), cell_at(3, 1));
  facts.cell.cell.reset();
  CHECK(decide(facts, "T2").halt == Code::kForeignCell);
  Cell other = cell_at(3, 1);
  other.id.job = "orders";
  const RecoveryDecision foreign = decide(facts_of(lane_at(3, 1), other), "T2");
  CHECK(foreign.halt == Code::kForeignCell);
  CHECK_THAT(foreign.text, Catch::Contains("`instance: NAME`") && Catch::Contains("`job: NAME`"));
}

TEST_CASE("decide_recovery: T3, neither store nor cell is a first start", "[engine]") {
  CHECK(decide(facts_of({}, {}), "T3").action == RecoveryAction::kFirstStart);
}

TEST_CASE("decide_recovery: T4, no store after a takeover adopts a light cell", "[engine]") {
  CHECK(decide(facts_of({}, cell_at(5, 1)), "T4").action == RecoveryAction::kAdopt);
  Cell heavy = cell_at(5, 1);
  heavy.digest = Digest{7};
  RecoveryFacts facts = facts_of({}, heavy);
  CHECK(decide(facts, "T4").halt == Code::kStateLost);
  facts.restorable = true;
  CHECK(decide(facts, "T4").action == RecoveryAction::kRestore);
}

TEST_CASE("decide_recovery: T5, a D record above the next epoch is a bug", "[engine]") {
  RecoveryFacts facts = facts_of(lane_at(3, 1), cell_at(3, 1));
  facts.stray = EpochId{6};
  CHECK(decide(facts, "T5").halt == Code::kBug);
}

TEST_CASE("decide_recovery: T6, without a cell local positions win when they are the truth",
          "[engine]") {
  LaneRecord never = lane_at(0, 0);
  never.owner = OwnerId{};
  CHECK(decide(facts_of(never, {}), "T6").action == RecoveryAction::kClaimLocal);
  CHECK(decide(facts_of(lane_at(3, 1), {}), "T6").halt == Code::kPositionsExpired);
  LaneRecord clean = lane_at(3, 1);
  clean.clean_stop = true;
  CHECK(decide(facts_of(clean, {}), "T6").action == RecoveryAction::kClaimLocal);
  RecoveryFacts heavy = facts_of(lane_at(3, 1), {});
  heavy.delta_records = true;
  CHECK(decide(heavy, "T6").action == RecoveryAction::kClaimLocal);
}

TEST_CASE("add_store_facts: D records of a lane that became light say nothing", "[engine]") {
  StoreContents contents;
  contents.lane = lane_at(3, 1);
  contents.epochs = {EpochId{2}, EpochId{3}, EpochId{5}};
  RecoveryFacts facts;
  add_store_facts(facts, contents);
  CHECK_FALSE(facts.delta_records);
  CHECK(facts.stray == EpochId{5});
  contents.lane->light = false;
  add_store_facts(facts, contents);
  CHECK(facts.delta_records);
  contents.epochs = {EpochId{4}};
  RecoveryFacts prepared_only;
  add_store_facts(prepared_only, contents);
  CHECK_FALSE(prepared_only.delta_records);
}

TEST_CASE("decide_recovery: T7, a prepared epoch without a cell is in doubt", "[engine]") {
  RecoveryFacts facts = facts_of(lane_at(3, 1), {});
  facts.prepared = prepared(4, 2);
  CHECK(decide(facts, "T7").halt == Code::kInDoubt);
}

TEST_CASE("decide_recovery: T8, the cell at L with LANE's attempt resumes", "[engine]") {
  CHECK(decide(facts_of(lane_at(3, 1), cell_at(3, 1)), "T8").action == RecoveryAction::kResume);
}

TEST_CASE("decide_recovery: T9, a prepared epoch that the decider does not know is dropped",
          "[engine]") {
  RecoveryFacts facts = facts_of(lane_at(3, 1), cell_at(3, 1));
  facts.prepared = prepared(4, 2);
  CHECK(decide(facts, "T9").action == RecoveryAction::kDropPrepared);
}

TEST_CASE("decide_recovery: T10, a prepared epoch that was decided rolls forward", "[engine]") {
  Cell next = cell_at(4, 2);
  next.digest = Digest{7};
  RecoveryFacts facts = facts_of(lane_at(3, 1), next);
  facts.prepared = prepared(4, 2);
  CHECK(decide(facts, "T10").action == RecoveryAction::kRollForward);
}

TEST_CASE("decide_recovery: T11, an epoch of ours that was not prepared here is two writers",
          "[engine]") {
  RecoveryFacts facts = facts_of(lane_at(3, 1), cell_at(4, 5));
  facts.prepared = prepared(4, 2);
  CHECK(decide(facts, "T11").halt == Code::kTwoWriters);
  CHECK(decide(facts_of(lane_at(3, 1), cell_at(3, 9)), "T11").halt == Code::kTwoWriters);
}

TEST_CASE("decide_recovery: T12, a light lane adopts what was committed after its record",
          "[engine]") {
  CHECK(decide(facts_of(lane_at(3, 1), cell_at(9, 5)), "T12").action == RecoveryAction::kAdopt);
  Cell heavy = cell_at(9, 5);
  heavy.digest = Digest{7};
  CHECK(decide(facts_of(lane_at(3, 1), heavy), "T12").halt == Code::kStateLost);
}

TEST_CASE(
    "decide_recovery: T13, a decider behind the store halts for Kafka and goes back for PostgreSQL",
    "[engine]") {
  RecoveryFacts facts = facts_of(lane_at(3, 1), cell_at(2, 5));
  CHECK(decide(facts, "T13").halt == Code::kDeciderRegressed);
  facts.decider = DeciderKind::kPostgres;
  CHECK(decide(facts, "T13").action == RecoveryAction::kGoBack);
}

TEST_CASE("check_owner: halts for a cell of another owner and names the way out", "[engine]") {
  const RecoveryFacts ours = facts_of(lane_at(3, 1), cell_at(3, 1));
  CHECK_FALSE(check_owner(ours, "here"));
  RecoveryFacts other = facts_of(lane_at(3, 1), cell_at(3, 1, kOther));
  REQUIRE(check_owner(other, "here"));
  CHECK(check_owner(other, "here")->text.find("weir run clicks.yaml --takeover") !=
        std::string::npos);
  other.takeover = true;
  CHECK_FALSE(check_owner(other, "here"));
  const auto elsewhere = check_owner(facts_of({}, cell_at(3, 1)), "here");
  REQUIRE(elsewhere);
  CHECK(elsewhere->text.find("--state-dir") == std::string::npos);
  const auto same_host = check_owner(facts_of({}, cell_at(3, 1)), "elsewhere");
  REQUIRE(same_host);
  CHECK_THAT(same_host->text,
             Catch::Contains("another --state-dir") && Catch::Contains("older copy"));
}

bool same(const Position& a, const Position& b) { return a == b; }

MirrorEntry entry(const std::string& split, std::optional<std::string> position,
                  std::int64_t epoch = 3) {
  MirrorEntry made{
      .split = {"in", split}, .state = ReadState::kAbsent, .position = {}, .mark = {}, .text = {}};
  if (position) {
    made.state = ReadState::kValue;
    made.position = {*position};
    made.mark = MirrorMark{"weir", "clicks", EpochId{epoch}};
  }
  return made;
}

MirrorFacts mirror_facts(bool adopt) {
  MirrorFacts facts;
  facts.id = kId;
  facts.cell_epoch = EpochId{3};
  facts.adopt = adopt;
  facts.known[{"in", "t/0"}].position = {"5"};
  facts.job = "clicks.yaml";
  return facts;
}

TEST_CASE("decide_mirror: positions that agree are kept, new splits begin at their beginning",
          "[engine]") {
  MirrorFacts facts = mirror_facts(false);
  facts.mirror = {entry("t/0", "5"), entry("t/1", {})};
  const MirrorDecision decision = decide_mirror(facts, &same);
  CHECK_FALSE(decision.halt);
  CHECK(decision.positions.at({"in", "t/0"}).position.bytes == "5");
  CHECK(decision.from_beginning == std::vector<SplitId>{{"in", "t/1"}});
}

TEST_CASE("decide_mirror: a moved, foreign or missing offset of a light lane is foreign_offsets",
          "[engine]") {
  MirrorFacts facts = mirror_facts(false);
  facts.mirror = {entry("t/0", "6")};
  CHECK(decide_mirror(facts, &same).halt->halt == Code::kForeignOffsets);
  facts.mirror = {entry("t/0", "5")};
  facts.mirror[0].mark.reset();
  CHECK(decide_mirror(facts, &same).halt->halt == Code::kForeignOffsets);
  facts.mirror = {entry("t/0", "5", 4)};  // of an epoch that the cell does not know
  CHECK(decide_mirror(facts, &same).halt->halt == Code::kForeignOffsets);
  facts.mirror = {entry("t/0", {})};
  CHECK(decide_mirror(facts, &same).halt->halt == Code::kForeignOffsets);
  facts.light = false;
  CHECK_FALSE(decide_mirror(facts, &same).halt);
}

TEST_CASE("decide_mirror: somebody's offset on a split that LANE does not know is foreign_offsets",
          "[engine]") {
  MirrorFacts facts = mirror_facts(false);
  facts.mirror = {entry("t/0", "5"), entry("t/1", "700")};
  facts.mirror[1].mark.reset();
  for (const bool light : {true, false}) {
    facts.light = light;
    const MirrorDecision decision = decide_mirror(facts, &same);
    REQUIRE(decision.halt);
    CHECK(decision.halt->halt == Code::kForeignOffsets);
    CHECK(decision.halt->text.find("in/t/1") != std::string::npos);
  }
  facts.mirror[1].mark = MirrorMark{"weir", "clicks", EpochId{3}};
  CHECK(decide_mirror(facts, &same).positions.at({"in", "t/1"}).position.bytes == "700");
}

TEST_CASE("decide_mirror: adopting never falls back to an older position", "[engine]") {
  MirrorFacts facts = mirror_facts(true);
  facts.mirror = {entry("t/0", "9")};
  CHECK(decide_mirror(facts, &same).positions.at({"in", "t/0"}).position.bytes == "9");
  facts.mirror = {entry("t/0", {})};
  CHECK(decide_mirror(facts, &same).halt->halt == Code::kPositionsExpired);
}

TEST_CASE("decide_mirror: a topic that was made again took its offsets with it", "[engine]") {
  for (const bool adopt : {true, false}) {
    MirrorFacts facts = mirror_facts(adopt);
    facts.known[{"in", "t/1"}].position = {"7"};
    facts.mirror = {entry("t/0", {}), entry("t/1", "7")};
    CHECK(decide_mirror(facts, &same).halt);
    facts.outside = outside_of(
        {{{"in", "t/0"}, TailState::kOutside, ""}, {{"in", "t/1"}, TailState::kRewritten, ""}});
    const MirrorDecision decision = decide_mirror(facts, &same);
    CHECK_FALSE(decision.halt);
    CHECK(decision.positions.at({"in", "t/0"}).position.bytes == "5");
    // Somebody's offset is somebody's offset, wherever the log ends.
    facts.mirror[0] = entry("t/0", "6");
    facts.mirror[0].mark.reset();
    CHECK(decide_mirror(facts, &same).halt);
  }
}

TEST_CASE("decide_mirror: on a machine without a record the way out says --takeover again",
          "[engine]") {
  MirrorFacts facts = mirror_facts(true);
  facts.known.clear();
  facts.mirror = {entry("t/0", "9")};
  facts.mirror[0].mark.reset();
  const MirrorDecision decision = decide_mirror(facts, &same);
  REQUIRE(decision.halt);
  CHECK(decision.halt->text.find("weir offsets clicks.yaml adopt --takeover") != std::string::npos);
}

TEST_CASE("decide_tails: names all that was rewritten, and one command for it", "[engine]") {
  const std::vector<TailCheck> checks = {{{"in", "t/0"}, TailState::kRewritten, "other"},
                                         {{"in", "t/1"}, TailState::kSame, ""},
                                         {{"in", "t/2"}, TailState::kRewritten, "gone"}};
  const auto halted = decide_tails(checks, "clicks.yaml");
  REQUIRE(halted);
  CHECK(halted->halt == Code::kSourceRewritten);
  CHECK(halted->text.find("weir offsets clicks.yaml seek in/t/0=earliest in/t/2=earliest") !=
        std::string::npos);
  CHECK_FALSE(decide_tails({checks[1]}, "clicks.yaml"));
}

TEST_CASE("decide_ends: an end is resolved once, and what became of it is said", "[engine]") {
  EndFacts facts;
  facts.source = "in";
  facts.job = "clicks.yaml";
  facts.bounded = true;
  facts.describe = [](const Position& position) { return position.bytes; };
  facts.resolved = {{"t/0", {"100"}}, {"t/1", {"90"}}};
  using Ends = std::map<std::string, Position>;
  CHECK(decide_ends(facts).ends == Ends{{"t/0", {"100"}}, {"t/1", {"90"}}});
  CHECK(decide_ends(facts).notice.empty());
  facts.text = "timestamp 5";
  CHECK(decide_ends(facts).text == "timestamp 5");
  facts.kept = {{"t/0", {"60"}}, {"t/2", {"8"}}};  // t/1 was found later, t/2 is not read now
  const EndDecision changed = decide_ends(facts);
  CHECK(changed.ends == Ends{{"t/0", {"60"}}, {"t/1", {"90"}}, {"t/2", {"8"}}});
  CHECK(changed.changed);
  CHECK_THAT(changed.notice, Catch::Contains("in/t/0=60, now 100\n") &&
                                 Catch::Contains("weir offsets clicks.yaml reset"));
  CHECK(changed.text == "timestamp 5");
  facts.text_kept = "timestamp 4";
  CHECK(decide_ends(facts).changed);
  CHECK(decide_ends(facts).text == "timestamp 4");
  // The logs may have grown since: that is no change.
  facts.text_kept = "timestamp 5";
  CHECK(decide_ends(facts).ends == changed.ends);
  CHECK(decide_ends(facts).notice.empty());
  facts.moves = true;
  CHECK_FALSE(decide_ends(facts).notice.empty());
  CHECK_FALSE(decide_ends(facts).changed);
  facts.text_kept.clear();
  CHECK_FALSE(decide_ends(facts).changed);
  facts.resolved["t/0"] = {"60"};
  CHECK(decide_ends(facts).notice.empty());
  facts.bounded = facts.moves = false;
  facts.resolved.clear();
  const EndDecision removed = decide_ends(facts);
  CHECK(removed.ends.empty());
  CHECK(removed.text.empty());
  CHECK(removed.changed);
  CHECK_THAT(removed.notice, Catch::Contains("in/t/0=60 and 1 more") && Catch::Contains("read on"));
  facts.kept.clear();
  CHECK(decide_ends(facts).notice.empty());
}

TEST_CASE("decide_first_start: a group with offsets is taken only when asked", "[engine]") {
  FirstStartFacts facts;
  facts.id = kId;
  facts.mirror = {entry("t/0", {})};
  CHECK(decide_first_start(facts).by_start);
  facts.mirror = {entry("t/0", "5")};
  CHECK(decide_first_start(facts).halt->halt == Code::kIdentityLost);
  facts.mirror[0].mark.reset();
  CHECK(decide_first_start(facts).halt->halt == Code::kGroupInUse);
  facts.start_explicit = true;
  CHECK(decide_first_start(facts).by_start);
  facts.start_committed = true;
  CHECK_FALSE(decide_first_start(facts).halt);
  facts.group_has_members = true;
  CHECK(decide_first_start(facts).halt->halt == Code::kGroupInUse);
  facts.group_has_members = false;
}

TEST_CASE("decide_first_start: `start: committed` without offsets names the ways out", "[engine]") {
  FirstStartFacts facts;
  facts.id = kId;
  facts.source = "in";
  facts.start_explicit = facts.start_committed = true;
  facts.place = "clicks.yaml:7";
  facts.mirror = {entry("t/0", {})};
  const FirstStartDecision decision = decide_first_start(facts);
  REQUIRE(decision.halt);
  CHECK(decision.halt->halt == Code::kNoOffsets);
  CHECK(code_name(decision.halt->halt) == "no_offsets");
  CHECK_THAT(decision.halt->text,
             Catch::Contains("has no offsets") &&
                 Catch::Contains("\n  clicks.yaml:7: `start: earliest` of source \"in\"") &&
                 Catch::Contains("`start: latest`") && Catch::Contains("`group: NAME`"));
}

TEST_CASE("decide_first_start: another job's positions are taken over, never overwritten",
          "[engine]") {
  FirstStartFacts facts;
  facts.id = kId;
  facts.source = "in";
  facts.start_explicit = true;
  facts.mirror = {entry("t/0", {}), entry("t/1", "5")};
  facts.mirror[1].mark->job = "orders";
  const FirstStartDecision refused = decide_first_start(facts);
  REQUIRE(refused.halt);
  CHECK(refused.halt->halt == Code::kGroupInUse);
  CHECK_THAT(refused.halt->text, Catch::Contains("job \"orders\"") &&
                                     Catch::Contains("`start: committed`") &&
                                     Catch::Contains("`group: NAME`"));
  facts.start_committed = true;
  const FirstStartDecision taken = decide_first_start(facts);
  CHECK_FALSE(taken.halt);
  CHECK_THAT(taken.notice, Catch::Contains("job \"orders\""));
  SECTION("an earlier generation is this job") {
    facts.start_committed = false;
    facts.mirror[1].mark->job = "clicks";
    facts.id.job = "clicks.g2";
    CHECK(decide_first_start(facts).by_start);
    CHECK_FALSE(decide_first_start(facts).halt);
  }
  SECTION("another instance is another job") {
    facts.start_committed = false;
    facts.mirror[1].mark->job = "clicks";
    facts.mirror[1].mark->instance = "staging";
    CHECK(decide_first_start(facts).halt->halt == Code::kGroupInUse);
  }
}

}  // namespace
}  // namespace weir
