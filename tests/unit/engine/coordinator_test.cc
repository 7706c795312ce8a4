#include "engine/coordinator.h"

#include <catch2/catch.hpp>
#include <deque>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Time that stands still until it is moved.
class StillClock final : public Clock {
 public:
  WallTime wall() const override { return WallTime{seconds(1'000'000)}; }
  MonoTime mono() const override { return now; }
  MonoTime now{seconds(1000)};
};

// Actors that do nothing but remember what they were told.
class Told final : public LaneActors {
 public:
  Result<> hire(std::size_t count) override {
    workers_told.resize(std::max(count, workers_told.size()));
    return {};
  }
  std::size_t workers() const override { return workers_told.size(); }
  void send(std::size_t worker, WorkerCommand command) override {
    workers_told[worker].push_back(std::move(command));
  }
  const Waker* waker(std::size_t /*worker*/) override { return nullptr; }
  void send(CommitterCommand command) override { committer_told.push_back(std::move(command)); }
  void decided(EpochId epoch) override { decided_told = epoch; }
  DeciderWatch& watch() override { return *current; }
  Result<> replace_committer(std::uint64_t number) override {
    CHECK(number == ++committers);
    current = std::make_unique<DeciderWatch>();
    return {};
  }
  std::size_t abandoned() const override { return hanging; }

  std::vector<std::deque<WorkerCommand>> workers_told;
  std::deque<CommitterCommand> committer_told;
  std::unique_ptr<DeciderWatch> current = std::make_unique<DeciderWatch>();
  std::uint64_t committers = 0;
  EpochId decided_told;
  std::size_t hanging = 0;
};

const SplitId kSplit{"clicks", "clicks/0"};
const SplitId kOther{"clicks", "clicks/1"};

// A lane of two splits and two workers, whose actors are played by the test.
struct Story {
  explicit Story(bool bounded = false, std::vector<OutboxBound> outbox_bounds = {})
      : bounded_lane(bounded) {
    options.threads_max = 2;
    options.commit_every = seconds(1);
    options.commit_records = 100;
    options.drain_timeout = seconds(60);
    coordinator.emplace(id, options, bounded_lane, std::move(outbox_bounds), clock, budget, actors,
                        events);
    coordinator->step();
  }

  // The command that the committer has now, which must be of that kind.
  template <class Command>
  Command told() {
    REQUIRE(actors.committer_told.size() == 1);
    REQUIRE(std::holds_alternative<Command>(actors.committer_told.front()));
    Command command = std::move(std::get<Command>(actors.committer_told.front()));
    actors.committer_told.pop_front();
    return command;
  }
  bool committer_is_idle() const { return actors.committer_told.empty(); }
  template <class Command>
  bool workers_told() {
    bool all = !actors.workers_told.empty();
    for (auto& commands : actors.workers_told) {
      all = all && !commands.empty() && std::holds_alternative<Command>(commands.front());
      if (!commands.empty()) commands.pop_front();
    }
    return all;
  }

  void reply(CommitterReply reply) {
    events.send(FromCommitter{
        actors.committers,
        {.known = known, .epoch = epoch, .splits = splits, .outbox_bytes = outbox_bytes},
        std::move(reply)});
    coordinator->step();
  }
  void fail(Action action, Code code, const std::string& why) {
    reply(CommitterFailed{Error{action, code, why}});
  }
  template <class Event>
  void worker(std::size_t index, Event event) {
    events.send(FromWorker{index, assignment, std::move(event)});
    coordinator->step();
  }
  void pass(std::chrono::nanoseconds time) {
    clock.now += std::chrono::duration_cast<MonoTime::duration>(time);
    coordinator->step();
  }
  LaneState state() const { return coordinator->status()->state; }

  void claim() {
    told<Recover>();
    Recovered recovered;
    recovered.splits.push_back({0, {kSplit, {}, {}}});
    recovered.splits.push_back({0, {kOther, {}, {}}});
    reply(std::move(recovered));
    CHECK(told<AssignSources>().wakers.size() == 2);
    SourcesAssigned assigned;
    assigned.readers.resize(2);
    assignment = assignment.next();
    reply(std::move(assigned));
    CHECK(workers_told<Assign>());
  }
  void open() {
    worker(0, HasRecords{});
    told<OpenTransaction>();
    reply(TransactionOpened{{epoch.next(), {}, assignment}});
    CHECK(workers_told<OpenEpoch>());
  }
  Sealed moved() const {
    Sealed sealed;
    sealed.moved.push_back({kSplit, {"0"}, {"5"}, 5});
    sealed.rows_in = 5;
    return sealed;
  }
  void answer_seal() {
    CHECK(workers_told<SealEpoch>());
    worker(0, moved());
    CHECK(committer_is_idle());
    worker(1, Sealed{});
  }
  void commit() {
    CHECK(told<CommitEpoch>().moved.size() == 1);
    epoch = epoch.next();
    reply(EpochCommitted{});
  }
  // Everything that is open is given up; then the committer lets go.
  void discard() {
    CHECK(workers_told<Discard>());
    worker(0, Discarded{});
    CHECK(committer_is_idle());
    worker(1, Discarded{});
    told<Release>();
  }

  const bool bounded_lane;
  const LaneId id{"weir", "clicks", "0"};
  LaneOptions options;
  StillClock clock;
  EpochBudget budget;
  Told actors;
  Mailbox<LaneEvent> events;
  AssignmentId assignment;
  EpochId epoch;
  bool known = true;                        // the committer has recovered
  SplitProgressMap splits;                  // where the next epoch begins
  std::vector<std::uint64_t> outbox_bytes;  // of each follower, as the committer says
  std::optional<Coordinator> coordinator;
};

TEST_CASE("Coordinator: an idle lane tells nobody anything and sleeps", "[engine]") {
  Story story;
  story.claim();
  CHECK(story.state() == LaneState::kRunning);
  CHECK(story.committer_is_idle());
  CHECK(story.coordinator->wake_at() == story.clock.now + seconds(60));
}

TEST_CASE("Coordinator: records open an epoch, commit.every seals it, all seals commit it",
          "[engine]") {
  Story story;
  story.claim();
  story.open();
  CHECK(story.coordinator->wake_at() == story.clock.now + seconds(1));
  story.pass(milliseconds(999));
  CHECK_FALSE(story.workers_told<SealEpoch>());
  story.pass(milliseconds(1));
  story.answer_seal();
  story.commit();
  CHECK(story.coordinator->status()->epochs == 1);
  CHECK(story.coordinator->status()->rows_in == 5);
  story.open();
}

TEST_CASE("Coordinator: wakes once more to tell what it did, and sleeps again", "[engine]") {
  Story story;
  story.options.log_progress = true;
  const MonoTime told_at = story.clock.now + seconds(60);
  story.pass(seconds(10));
  story.claim();
  story.pass(seconds(30));
  story.open();
  story.pass(seconds(1));
  story.answer_seal();
  story.commit();
  CHECK(story.coordinator->wake_at() == told_at);
  story.pass(seconds(19));
  CHECK(story.coordinator->wake_at() == told_at + seconds(10));  // it looks around
}

TEST_CASE("Coordinator: a bound of records seals at once", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.budget.records = 100;
  story.worker(1, BudgetFull{});
  story.answer_seal();
  story.commit();
}

TEST_CASE("Coordinator: what an older assignment says does not count", "[engine]") {
  Story story;
  story.claim();
  story.events.send(FromWorker{0, AssignmentId{0}, HasRecords{}});
  story.events.send(FromWorker{0, AssignmentId{0}, WorkerFailed{Error{Action::kHalt, "old"}, {}}});
  story.coordinator->step();
  CHECK(story.committer_is_idle());
  CHECK(story.state() == LaneState::kRunning);
}

TEST_CASE("Coordinator: an outage backs off, longer each time, and is no failure", "[engine]") {
  Story story;
  story.told<Recover>();
  story.fail(Action::kRetry, Code::kBrokersUnreachable, "refused");
  CHECK(story.state() == LaneState::kWaitingForKafka);
  story.told<Release>();
  story.reply(Released{});
  CHECK(story.committer_is_idle());
  story.pass(seconds(1));
  story.told<Recover>();
  story.fail(Action::kRetry, Code::kBrokersUnreachable, "refused");
  story.told<Release>();
  story.reply(Released{});
  story.pass(milliseconds(1999));
  CHECK(story.committer_is_idle());
  story.pass(milliseconds(1));
  story.claim();
  CHECK(story.state() == LaneState::kRunning);
}

TEST_CASE("Coordinator: workers forget before the committer lets the sources go", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.worker(1, WorkerFailed{Error{Action::kRecover, "the producer was replaced"}, {}});
  story.discard();
  story.reply(Released{});
  story.pass(seconds(1));
  story.claim();
}

TEST_CASE("Coordinator: a worker that fails during a commit waits for its answer", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.pass(seconds(1));
  story.answer_seal();
  story.told<CommitEpoch>();
  story.worker(0, WorkerFailed{Error{Action::kRecover, "a fetch failed"}, {}});
  CHECK(story.workers_told<Discard>());
  story.worker(0, Discarded{});
  story.worker(1, Discarded{});
  CHECK(story.committer_is_idle());
  story.epoch = story.epoch.next();
  story.reply(EpochCommitted{});
  CHECK(story.coordinator->status()->epochs == 1);
  story.told<Release>();
}

TEST_CASE("Coordinator: a HALT gives everything up and ends", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.worker(0, WorkerFailed{Error{Action::kHalt, Code::kPoisonRecord, "record t/0@7"}, {}});
  story.discard();
  CHECK_FALSE(story.coordinator->ended());
  story.reply(Released{});
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().state == LaneState::kHalted);
  CHECK(story.coordinator->outcome().error->code() == Code::kPoisonRecord);
}

TEST_CASE("Coordinator: three epochs refused for their rows are poison_epoch", "[engine]") {
  Story story;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    story.claim();
    story.open();
    story.pass(seconds(1));
    story.answer_seal();
    story.told<CommitEpoch>();
    story.fail(Action::kRecover, Code::kRowsRefused, "too large");
    story.discard();
    story.reply(Released{});
    CHECK(story.coordinator->ended() == (attempt == 3));
    if (attempt < 3) story.pass(seconds(60));
  }
  CHECK(story.coordinator->outcome().error->code() == Code::kPoisonEpoch);
  CHECK(story.coordinator->outcome().error->message() ==
        "three attempts at the same positions failed: too large");
}

TEST_CASE("Coordinator: poison_epoch under load names the records that were taken", "[engine]") {
  Story story;
  std::string why = "the transaction was refused";
  std::string named = " up to 5, 5 records\n  skip the first";
  SECTION("no record is known") {}
  SECTION("the record is known") {
    why = "a row\n  weir offsets JOB skip clicks/0@3";
    named = " up to 5, 5 records";
  }
  for (int attempt = 1; attempt <= 3; ++attempt) {
    story.claim();
    story.open();
    story.worker(1, WorkerFailed{Error{Action::kRecover, Code::kRowsRefused, why}, kOther});
    CHECK(story.workers_told<Discard>());
    story.worker(0, Discarded{{{kSplit, {"0"}, {"5"}, 5}}});
    story.worker(1, Discarded{{{kOther, {"7"}, {"9"}, 2}}});
    const Release release = story.told<Release>();
    // Only a HALT tells it.
    CHECK(release.taken.size() == (attempt == 3 ? 2 : 0));
    story.reply(attempt == 3 ? Released{" up to 5, 5 records", "\n  skip the first"} : Released{});
    if (attempt < 3) story.pass(seconds(60));
  }
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().error->message() ==
        "three attempts at the same positions failed: " + why +
            "\n  the epoch's records, as far as they were taken:" + named);
}

TEST_CASE("Coordinator: an epoch with rows that turned out too large is tried again at once",
          "[engine]") {
  Story story;
  const auto refuse = [&] {
    story.claim();
    story.open();
    story.pass(seconds(1));
    story.answer_seal();
    story.told<CommitEpoch>();
    story.fail(Action::kRecover, Code::kRowTooLarge, "a row of 2 MB");
    story.discard();
  };
  // Each attempt knows more of them.
  for (int attempt = 1; attempt <= 20; ++attempt) {
    refuse();
    story.reply(Released{});
    REQUIRE_FALSE(story.coordinator->ended());
  }
  SECTION("until the epoch is decided") {
    story.claim();
    story.open();
    story.pass(seconds(1));
    story.answer_seal();
    story.commit();
    story.open();
    story.pass(seconds(1));
    story.answer_seal();
    story.told<CommitEpoch>();
    story.fail(Action::kRecover, Code::kRowTooLarge, "another row");
    story.discard();
    story.reply(Released{});
    story.claim();
  }
  SECTION("whatever other splits commit meanwhile, which shows nothing of its rows") {
    story.claim();
    story.worker(1, HasRecords{});
    story.told<OpenTransaction>();
    story.reply(TransactionOpened{{story.epoch.next(), {}, story.assignment}});
    CHECK(story.workers_told<OpenEpoch>());
    story.pass(seconds(1));
    CHECK(story.workers_told<SealEpoch>());
    story.worker(0, Sealed{});
    Sealed sealed;
    sealed.moved.push_back({kOther, {"0"}, {"5"}, 5});
    story.worker(1, std::move(sealed));
    story.commit();
    story.open();
    story.worker(0, WorkerFailed{Error{Action::kRecover, Code::kRowTooLarge, "a row"}, kSplit});
    story.discard();
    story.reply(Released{});
    CHECK(story.committer_is_idle());
  }
  SECTION("until that seems not to help: then slower and slower, and in the end a HALT") {
    for (int attempt = 21; attempt < 30; ++attempt) {
      refuse();
      story.reply(Released{});
      CHECK(story.committer_is_idle());  // it waits
      REQUIRE_FALSE(story.coordinator->ended());
      story.pass(seconds(60));
    }
    refuse();
    story.reply(Released{" up to 5, 5 records", "\n  skip the first"});
    REQUIRE(story.coordinator->ended());
    const Error& error = *story.coordinator->outcome().error;
    CHECK(error.code() == Code::kPoisonEpoch);
    CHECK_THAT(error.message(), Catch::StartsWith("30 attempts of one epoch were refused") &&
                                    Catch::Contains("a row of 2 MB") &&
                                    Catch::EndsWith(" up to 5, 5 records\n  skip the first"));
  }
}

TEST_CASE("Coordinator: poison is counted by places, and by the splits that are refused",
          "[engine]") {
  Story story;
  // Positions are "place:tail"; after a recovery nobody knows the tail.
  story.options.same_position = [](const Position& a, const Position& b) {
    return a.bytes.substr(0, a.bytes.find(':')) == b.bytes.substr(0, b.bytes.find(':'));
  };
  story.coordinator.emplace(story.id, story.options, false, std::vector<OutboxBound>{}, story.clock,
                            story.budget, story.actors, story.events);
  story.coordinator->step();
  story.actors.committer_told.pop_front();
  story.splits[kSplit].position = {"7:3"};
  story.splits[kOther].position = {"0:"};
  for (int attempt = 1; attempt <= 3; ++attempt) {
    story.claim();
    if (attempt == 2) {
      // The other split gets on meanwhile.
      story.worker(1, HasRecords{});
      story.told<OpenTransaction>();
      story.reply(TransactionOpened{{story.epoch.next(), {}, story.assignment}});
      CHECK(story.workers_told<OpenEpoch>());
      story.pass(seconds(1));
      CHECK(story.workers_told<SealEpoch>());
      story.worker(0, Sealed{});
      Sealed sealed;
      sealed.moved.push_back({kOther, {"0:"}, {"5:4"}, 5});
      story.worker(1, std::move(sealed));
      story.splits[kOther].position = {"5:4"};
      story.commit();
    }
    story.open();
    const Error refused{Action::kRecover, Code::kRowsRefused, "too large"};
    story.worker(0, WorkerFailed{refused, kSplit});
    story.discard();
    story.reply(Released{});
    REQUIRE(story.coordinator->ended() == (attempt == 3));
    if (attempt == 3) break;
    story.splits[kSplit].position = {"7:"};
    story.pass(seconds(60));
  }
  CHECK(story.coordinator->outcome().error->code() == Code::kPoisonEpoch);
}

TEST_CASE("Coordinator: an epoch whose rotation failed counts, and its failure too", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.pass(seconds(1));
  story.answer_seal();
  CHECK(story.told<CommitEpoch>().moved.size() == 1);
  story.epoch = story.epoch.next();
  story.reply(EpochCommitted{Error{Action::kRetry, Code::kBrokersUnreachable, "no fence"}});
  CHECK(story.coordinator->status()->epochs == 1);
  CHECK(story.coordinator->status()->rows_in == 5);
  CHECK(story.state() == LaneState::kWaitingForKafka);
  story.discard();
  story.reply(Released{});
  story.pass(seconds(1));
  story.claim();
}

TEST_CASE("Coordinator: a worker that wants an epoch while one is open gets no second one",
          "[engine]") {
  Story story;
  story.claim();
  story.worker(0, HasRecords{});
  story.told<OpenTransaction>();
  story.worker(1, HasRecords{});
  story.reply(TransactionOpened{{story.epoch.next(), {}, story.assignment}});
  CHECK(story.workers_told<OpenEpoch>());
  story.pass(seconds(1));
  story.answer_seal();
  story.commit();
  CHECK(story.committer_is_idle());
  // One that holds records still says so behind its Sealed.
  story.worker(1, HasRecords{});
  story.told<OpenTransaction>();
}

TEST_CASE("Coordinator: a topic that vanishes while the job runs has a minute to come back",
          "[engine]") {
  Story story;
  const auto missing = [&] {
    story.fail(Action::kStopJob, Code::kTopicMissing, "topic t does not exist");
  };
  SECTION("a job that never claimed stops at once") {
    story.told<Recover>();
    missing();
    story.told<Release>();
    story.reply(Released{});
    CHECK(story.coordinator->outcome().state == LaneState::kFailed);
  }
  SECTION("one that runs looks again") {
    story.claim();
    story.pass(seconds(60));
    story.told<LookAround>();
    missing();
    story.discard();
    story.reply(Released{});
    CHECK_FALSE(story.coordinator->ended());
    story.pass(seconds(1));
    SECTION("it is back") { story.claim(); }
    SECTION("it is not") {
      story.told<Recover>();
      story.clock.now += seconds(60);
      missing();
      CHECK(story.workers_told<Discard>());
      story.worker(0, Discarded{});
      story.worker(1, Discarded{});
      story.told<Release>();
      story.reply(Released{});
      REQUIRE(story.coordinator->ended());
      CHECK(story.coordinator->outcome().error->code() == Code::kTopicMissing);
    }
  }
}

TEST_CASE("Coordinator: ten calm minutes make the next outage a first one", "[engine]") {
  Story story;
  for (const int pause : {1, 2, 4}) {
    story.claim();
    story.worker(0, WorkerFailed{Error{Action::kRecover, "a fetch failed"}, {}});
    story.discard();
    story.reply(Released{});
    story.pass(seconds(pause) - milliseconds(1));
    CHECK(story.committer_is_idle());
    story.pass(milliseconds(1));
  }
  story.claim();
  for (int minute = 0; minute < 10; ++minute) {
    story.pass(seconds(60));
    story.told<LookAround>();
    story.reply(LookedAround{false});
  }
  story.worker(0, WorkerFailed{Error{Action::kRecover, "a fetch failed"}, {}});
  story.discard();
  story.reply(Released{});
  story.pass(seconds(1));
  story.told<Recover>();
}

TEST_CASE("Coordinator: new partitions assign the lane anew at once, without a failure",
          "[engine]") {
  Story story;
  story.claim();
  story.pass(seconds(60));
  story.told<LookAround>();
  story.reply(LookedAround{true});
  story.discard();
  story.reply(Released{});
  story.claim();
  CHECK(story.coordinator->status()->recovers == 0);
}

TEST_CASE("Coordinator: looks around as often as the sources ask", "[engine]") {
  Story story;
  story.options.look_every = seconds(10);
  story.claim();
  CHECK(story.coordinator->wake_at() == story.clock.now + seconds(10));
  for (int i = 0; i < 2; ++i) {
    story.pass(seconds(10));
    story.told<LookAround>();
    story.reply(LookedAround{false});
  }
  CHECK(story.committer_is_idle());
}

TEST_CASE("Coordinator: what a recovery lets go is counted", "[engine]") {
  Story story;
  story.told<Recover>();
  story.reply(Recovered{{}, 30});
  story.told<AssignSources>();
  story.reply(SourcesAssigned{});
  CHECK(story.coordinator->status()->offsets_lost == 30);
}

TEST_CASE("Coordinator: behind a loss that is committed the lane is assigned anew", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.pass(seconds(1));
  CHECK(story.workers_told<SealEpoch>());
  Sealed sealed;
  sealed.moved.push_back({kSplit, {"0"}, {"5"}, 0});
  sealed.offsets_lost = 5;
  sealed.readers_are_done = true;
  story.worker(0, std::move(sealed));
  story.worker(1, Sealed{});
  CHECK(story.coordinator->status()->offsets_lost == 0);
  SECTION("and goes on") {
    story.commit();
    story.discard();
    story.reply(Released{});
    story.claim();
  }
  SECTION("or ends, where it is to end") {
    story.coordinator->request_stop();
    story.pass(seconds(0));
    story.commit();
    story.told<CleanStop>();
  }
  CHECK(story.coordinator->status()->offsets_lost == 5);
  CHECK(story.coordinator->status()->recovers == 0);
}

TEST_CASE("Coordinator: nothing is committed for an idle lane but the hourly refresh", "[engine]") {
  Story story;
  story.claim();
  for (int minute = 1; minute < 60; ++minute) {
    story.pass(seconds(60));
    story.told<LookAround>();
    story.reply(LookedAround{false});
  }
  story.pass(seconds(60));
  story.told<LookAround>();
  story.reply(LookedAround{false});
  story.told<Refresh>();
  story.reply(Refreshed{});
  CHECK(story.committer_is_idle());
}

TEST_CASE("Coordinator: a stop seals, commits and stops clean", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.coordinator->request_stop();
  story.coordinator->step();
  story.answer_seal();
  story.commit();
  story.told<CleanStop>();
  CHECK(story.state() == LaneState::kDraining);
  story.reply(StoppedClean{});
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().state == LaneState::kStopped);
  CHECK_FALSE(story.coordinator->outcome().threads_left);
}

TEST_CASE("Coordinator: a second stop gives the open epoch up", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.coordinator->request_stop();
  story.coordinator->step();
  CHECK(story.workers_told<SealEpoch>());
  story.coordinator->request_stop();
  story.coordinator->step();
  story.discard();
  story.reply(Released{});
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().state == LaneState::kStopped);
}

TEST_CASE("Coordinator: drain_timeout is a second stop", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.coordinator->request_stop();
  story.coordinator->step();
  CHECK(story.workers_told<SealEpoch>());
  story.options.drain_timeout = seconds(5);
  story.pass(seconds(5));
  story.discard();
  story.reply(Released{});
  CHECK(story.coordinator->ended());
}

TEST_CASE("Coordinator: a second stop during a commit leaves it to the next start", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.coordinator->request_stop();
  story.coordinator->step();
  story.answer_seal();
  story.told<CommitEpoch>();
  story.actors.current->enter(story.clock.now + seconds(30));
  story.coordinator->request_stop();
  story.coordinator->step();
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().threads_left);
  CHECK(story.actors.current->abandoned());
}

TEST_CASE("Coordinator: a stop does not wait for brokers that do not answer", "[engine]") {
  Story story;
  SECTION("while it recovers") { story.told<Recover>(); }
  SECTION("while an epoch opens") {
    story.claim();
    story.worker(0, HasRecords{});
    story.told<OpenTransaction>();
  }
  story.coordinator->request_stop();
  story.coordinator->step();
  CHECK_FALSE(story.coordinator->ended());
  story.pass(seconds(2));
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().state == LaneState::kStopped);
}

TEST_CASE("Coordinator: a call that does not return is abandoned, and another committer recovers",
          "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.pass(seconds(1));
  story.answer_seal();
  story.told<CommitEpoch>();
  story.actors.current->enter(story.clock.now + seconds(30));
  story.pass(seconds(29));
  CHECK(story.actors.committers == 0);
  story.pass(seconds(1));
  CHECK(story.actors.committers == 1);
  CHECK(story.state() == LaneState::kWaitingForKafka);
  story.discard();
  // The one that hung says something after all: nobody listens.
  story.events.send(FromCommitter{
      0, {.known = true, .epoch = EpochId{9}, .splits = {}, .outbox_bytes = {}}, EpochCommitted{}});
  story.reply(Released{});
  CHECK(story.coordinator->status()->epochs == 0);
  story.pass(seconds(1));
  story.claim();
}

TEST_CASE("Coordinator: a committer that knows nothing yet takes nothing back", "[engine]") {
  Story story(false, {{.follower = "mail", .bytes_max = 100}});
  story.outbox_bytes = {0};
  story.claim();
  story.open();
  story.pass(seconds(1));
  story.answer_seal();
  story.commit();
  story.worker(0, WorkerFailed{Error{Action::kRecover, "a fetch failed"}, {}});
  story.known = false;
  story.epoch = EpochId{};
  story.discard();
  story.reply(Released{});
  CHECK(story.coordinator->status()->epoch == EpochId{1});
  CHECK(story.actors.decided_told == EpochId{1});
  story.pass(seconds(1));
  story.told<Recover>();
  story.fail(Action::kRetry, Code::kBrokersUnreachable, "refused");
  CHECK(story.coordinator->status()->epoch == EpochId{1});
}

TEST_CASE("Coordinator: a call that never returns is not forgotten at the end", "[engine]") {
  Story story;
  story.claim();
  story.actors.hanging = 1;
  story.coordinator->request_stop();
  story.coordinator->step();
  story.told<CleanStop>();
  story.reply(StoppedClean{});
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().threads_left);
}

TEST_CASE("Coordinator: more than two calls that do not return end the process", "[engine]") {
  Story story;
  story.told<Recover>();
  story.actors.hanging = 3;
  story.actors.current->enter(story.clock.now + seconds(30));
  story.pass(seconds(30));
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().state == LaneState::kFailed);
  CHECK(story.coordinator->outcome().threads_left);
}

TEST_CASE("Coordinator: a call that returns in time wins over its abandonment", "[engine]") {
  DeciderWatch watch;
  watch.enter(MonoTime{seconds(5)});
  CHECK_FALSE(watch.overdue(MonoTime{seconds(4)}));
  CHECK(watch.overdue(MonoTime{seconds(5)}));
  CHECK(watch.leave());
  CHECK_FALSE(watch.abandon());
  watch.enter(MonoTime{seconds(9)});
  CHECK(watch.abandon());
  CHECK_FALSE(watch.leave());
}

TEST_CASE("Coordinator: a bounded lane ends when every split is read to its end", "[engine]") {
  Story story(true);
  story.claim();
  story.open();
  story.worker(0, SplitEnded{kSplit});
  CHECK_FALSE(story.workers_told<SealEpoch>());
  story.worker(1, SplitEnded{kOther});
  story.answer_seal();
  story.commit();
  story.told<CleanStop>();
  story.reply(StoppedClean{});
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().state == LaneState::kFinished);
}

TEST_CASE("Coordinator: `trigger: every` reads at each tick what is there, and rests", "[engine]") {
  Story story;
  story.options.trigger_every = seconds(10);
  story.claim();
  // Assigned with their positions as ends.
  story.worker(0, SplitEnded{kSplit});
  CHECK(story.committer_is_idle());
  story.worker(1, SplitEnded{kOther});
  story.told<FindEnds>();
  story.reply(EndsFound{{{kSplit, {"5"}}, {kOther, {"0"}}}});
  CHECK(story.workers_told<ReadTo>());
  story.open();
  story.worker(1, SplitEnded{kOther});
  CHECK_FALSE(story.workers_told<SealEpoch>());
  story.worker(0, SplitEnded{kSplit});
  story.answer_seal();
  story.commit();
  CHECK(story.committer_is_idle());
  CHECK(story.coordinator->wake_at() == story.clock.now + seconds(10));
  story.pass(seconds(25));
  story.told<FindEnds>();
  story.reply(EndsFound{{{kSplit, {"5"}}, {kOther, {"0"}}}});
  CHECK(story.workers_told<ReadTo>());
  story.worker(1, SplitEnded{kOther});
  story.worker(0, SplitEnded{kSplit});
  CHECK(story.coordinator->wake_at() == story.clock.now + seconds(5));
}

// A lane with one follower whose outbox holds up to 100 bytes.
struct FollowedStory : Story {
  explicit FollowedStory(bool bounded = false)
      : Story(bounded, {{.follower = "mail", .bytes_max = 100}}) {
    outbox_bytes = {0};
  }
  void follower_at(EpochId delivered, std::uint64_t bytes) {
    events.send(FromFollower{0, FollowerAt{delivered, bytes}});
    coordinator->step();
  }
};

TEST_CASE("Coordinator: a full outbox stops intake until its follower has caught up", "[engine]") {
  FollowedStory story;
  story.claim();
  story.open();
  story.pass(seconds(1));
  story.answer_seal();
  story.outbox_bytes = {100};
  story.commit();
  CHECK(story.actors.decided_told == EpochId{1});
  story.worker(0, HasRecords{});
  CHECK(story.committer_is_idle());
  story.follower_at(EpochId{1}, 0);
  story.told<OpenTransaction>();
}

TEST_CASE(
    "Coordinator: a full outbox with a dead-letter sink stops nothing, and is looked at per epoch",
    "[engine]") {
  Story story(false, {{.follower = "mail", .bytes_max = 100, .dead_letters = SinkIndex{0}},
                      {.follower = "disk", .bytes_max = 100, .dead_letters = SinkIndex{0}}});
  story.outbox_bytes = {0, 0};
  // What the workers are told at the begin of an epoch.
  const auto diverted = [&] {
    story.worker(0, HasRecords{});
    story.told<OpenTransaction>();
    story.reply(TransactionOpened{{story.epoch.next(), {}, story.assignment}});
    std::vector<bool> told;
    for (auto& commands : story.actors.workers_told) {
      const auto each = std::get<OpenEpoch>(commands.front()).diverted;
      CHECK((told.empty() || told == each));
      told = each;
      commands.pop_front();
    }
    story.pass(seconds(1));
    story.answer_seal();
    return told;
  };
  story.claim();
  CHECK(diverted() == std::vector<bool>{false, false});
  story.outbox_bytes = {100, 0};
  story.commit();
  CHECK(diverted() == std::vector<bool>{true, false});
  // Once full, it has room again when half of it is empty.
  story.outbox_bytes = {99, 100};
  story.commit();
  CHECK(diverted() == std::vector<bool>{true, true});
  story.outbox_bytes = {49, 50};
  story.commit();
  CHECK(diverted() == std::vector<bool>{false, true});
}

TEST_CASE("Coordinator: a stop waits for followers up to drain_timeout, and then is clean",
          "[engine]") {
  FollowedStory story;
  story.claim();
  story.open();
  story.pass(seconds(1));
  story.answer_seal();
  story.commit();
  story.coordinator->request_stop();
  story.coordinator->step();
  CHECK(story.committer_is_idle());
  SECTION("in time") { story.follower_at(EpochId{1}, 0); }
  SECTION("not in time") { story.pass(seconds(60)); }
  story.told<CleanStop>();
  story.reply(StoppedClean{});
  CHECK(story.coordinator->ended());
}

TEST_CASE("Coordinator: a lane that ends by itself waits for its followers without limit",
          "[engine]") {
  FollowedStory story(true);
  story.claim();
  story.open();
  story.worker(0, SplitEnded{kSplit});
  story.worker(1, SplitEnded{kOther});
  story.answer_seal();
  story.commit();
  story.pass(seconds(50));
  CHECK(story.committer_is_idle());
  CHECK(story.state() == LaneState::kDraining);
  story.follower_at(EpochId{1}, 0);
  story.told<CleanStop>();
}

TEST_CASE("Coordinator: a follower that needs a person stops the lane", "[engine]") {
  FollowedStory story;
  story.claim();
  story.events.send(
      FromFollower{0, FollowerFailed{Error{Action::kStopJob, "out/ is not a directory"}}});
  story.coordinator->step();
  story.discard();
  story.reply(Released{});
  REQUIRE(story.coordinator->ended());
  CHECK(story.coordinator->outcome().state == LaneState::kFailed);
}

TEST_CASE("Coordinator: a seal that is not answered is an outage", "[engine]") {
  Story story;
  story.claim();
  story.open();
  story.pass(seconds(1));
  CHECK(story.workers_told<SealEpoch>());
  story.pass(seconds(50));
  CHECK(story.state() == LaneState::kWaitingForKafka);
  story.discard();
}

}  // namespace
}  // namespace weir
