#include "supervisor/job_machine.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNoon{hours(12)};

// Always the middle of the jitter: pauses as they are written.
class MiddleRandom final : public Random {
 public:
  std::uint64_t next() override { return 1ULL << 63U; }
};

// A job's life, told in steps. Time stands still between them.
class Story {
 public:
  explicit Story(JobRecord record = {}, Moment at = {MonoTime(hours(1)), kNoon})
      : now(at), machine(std::move(record), JobTerms{}, now, random) {}

  void after(microseconds time) {
    now.mono += time;
    now.wall += time;
  }
  // Moves the wall clock alone, as a person or NTP does.
  void sets_clock(microseconds by) { now.wall += by; }
  JobDeed next() { return machine.next(now); }
  JobState state() const { return machine.report(now).state; }
  std::string why() const { return machine.report(now).why; }
  std::string last_exit() const { return machine.report(now).last_exit.value_or(""); }

  void spawns() {
    REQUIRE(next() == JobDeed::kSpawn);
    machine.on_spawned({.pid = ++pid, .started = 1, .boot = "boot"}, now);
  }
  void runs() {
    spawns();
    machine.on_beat("running", now);
    REQUIRE(state() == JobState::kRunning);
  }
  void exits(int code, std::optional<RunEnd> end = {}, const std::string& why = {}) {
    if (end) machine.on_end(*end, why);
    machine.on_exit({.code = code, .signal = 0}, "last line", now);
  }
  void dies(int signal) { machine.on_exit({.code = 0, .signal = signal}, "last line", now); }

  MiddleRandom random;
  Moment now;
  JobMachine machine;
  std::int32_t pid = 100;
};

}  // namespace

TEST_CASE("job: starts at once and runs") {
  Story job;
  CHECK(job.state() == JobState::kWaiting);
  job.spawns();
  CHECK(job.state() == JobState::kStarting);
  CHECK(job.machine.starting_until(job.now) == job.now.mono + seconds(10));
  CHECK(job.next() == JobDeed::kNone);
  job.machine.on_beat("starting", job.now);
  CHECK(job.machine.starting_until(job.now) == job.now.mono + seconds(10));
  job.machine.on_beat("waiting_for_kafka", job.now);
  CHECK_FALSE(job.machine.starting_until(job.now));
  CHECK(job.why() == "waiting for Kafka");
  job.machine.on_beat("running", job.now);
  CHECK(job.state() == JobState::kRunning);
  CHECK(job.why().empty());
  CHECK(job.machine.record().process->pid == 101);
}

TEST_CASE("job: crashes four times in an hour and is FAILED") {
  Story job;
  for (const int pause : {1, 2, 4}) {
    job.runs();
    job.dies(11);
    CHECK(job.state() == JobState::kWaiting);
    CHECK(job.last_exit() == "signal 11");
    CHECK(job.why() == "last line");
    CHECK(job.next() == JobDeed::kNone);
    job.after(seconds(pause));
  }
  job.runs();
  job.exits(1, RunEnd::kFailed, "the disk is full");
  CHECK(job.state() == JobState::kFailed);
  CHECK(job.why() == "the disk is full");
  CHECK(job.machine.report(job.now).failures == 4);
  CHECK_FALSE(job.machine.due());
  job.after(hours(48));
  CHECK(job.next() == JobDeed::kNone);
  SECTION("until a person starts it") {
    job.machine.start({}, job.now);
    job.runs();
    CHECK(job.machine.report(job.now).failures == 0);
    job.dies(11);
    CHECK(job.state() == JobState::kWaiting);
  }
}

TEST_CASE("job: failures of before a daemon that died count") {
  Story before;
  for (int i = 0; i < 3; ++i) {
    before.runs();
    before.dies(9);
    before.after(minutes(1));
  }
  Story after(before.machine.record(), before.now);
  after.runs();
  after.dies(9);
  CHECK(after.state() == JobState::kFailed);
  Story third(after.machine.record());
  CHECK(third.state() == JobState::kFailed);
  CHECK(third.next() == JobDeed::kNone);
}

TEST_CASE("job: a clock that is set ends no wait and no life, and ages no failure") {
  const microseconds by = GENERATE(as<microseconds>{}, hours(24 * 365), -hours(24));
  Story job;
  for (int i = 0; i < 2; ++i) {
    job.runs();
    job.dies(9);
    job.sets_clock(by);
    // It waits for what is left of its pause, and not longer.
    const seconds pause(1 << i);
    CHECK(job.next() == JobDeed::kNone);
    CHECK(job.machine.report(job.now).next_start == job.now.wall + pause);
    CHECK(job.machine.report(job.now).failures == static_cast<std::uint32_t>(i) + 1);
    job.after(pause);
  }
  job.runs();
  job.sets_clock(by);
  CHECK(job.next() == JobDeed::kNone);
  job.after(seconds(59));
  CHECK(job.next() == JobDeed::kNone);
  CHECK(job.now.wall - job.machine.report(job.now).started_at.value() == seconds(59));
  job.dies(9);
  SECTION("the fourth failure of an hour is the last") {
    job.sets_clock(by);
    job.after(seconds(4));
    job.runs();
    job.dies(9);
    CHECK(job.state() == JobState::kFailed);
  }
  SECTION("after an hour they are forgotten") {
    job.sets_clock(by);
    job.after(seconds(4));
    job.runs();
    job.after(minutes(60));
    CHECK(job.machine.report(job.now).failures == 0);
    job.dies(9);
    CHECK(job.state() == JobState::kWaiting);
    CHECK(job.machine.report(job.now).failures == 1);
  }
}

TEST_CASE(
    "job: failures of a clock that was set back while no daemon ran leave after their window") {
  Story before;
  for (int i = 0; i < 3; ++i) {
    before.runs();
    before.dies(9);
    before.after(seconds(10));
  }
  Story after(before.machine.record(), {before.now.mono, kNoon - hours(24)});
  CHECK(after.machine.report(after.now).failures == 3);
  after.runs();
  after.after(minutes(60));
  CHECK(after.machine.report(after.now).failures == 0);
  after.dies(9);
  CHECK(after.state() == JobState::kWaiting);
}

TEST_CASE("job: a drain has its time whatever the clock says") {
  const microseconds by = GENERATE(as<microseconds>{}, hours(24 * 365), -hours(24));
  Story job;
  job.runs();
  job.machine.stop(job.now);
  REQUIRE(job.next() == JobDeed::kTerm);
  job.sets_clock(by);
  job.after(seconds(59));
  job.machine.on_beat("draining", job.now);
  CHECK(job.next() == JobDeed::kNone);
  job.after(seconds(31));
  CHECK(job.next() == JobDeed::kKill);
}

TEST_CASE("job: what needs a person is not started again") {
  const int code = GENERATE(64, 78);
  Story job;
  job.runs();
  job.exits(code, RunEnd::kHalted, "HALT other_owner");
  CHECK(job.state() == JobState::kHalted);
  CHECK(job.why() == "HALT other_owner");
  CHECK_FALSE(job.machine.due());
  CHECK(job.machine.report(job.now).failures == 0);
  CHECK(Story(job.machine.record()).state() == JobState::kHalted);
}

TEST_CASE("job: one that cannot read its file ends without a word on the pipe") {
  Story job;
  job.spawns();
  job.exits(78);
  CHECK(job.state() == JobState::kHalted);
  CHECK(job.why() == "last line");
}

TEST_CASE("job: stop drains, and is remembered") {
  Story job;
  job.runs();
  job.machine.stop(job.now);
  CHECK(job.state() == JobState::kStopping);
  CHECK(job.next() == JobDeed::kTerm);
  CHECK(job.next() == JobDeed::kNone);
  job.exits(0, RunEnd::kStopped);
  CHECK(job.state() == JobState::kStopped);
  CHECK(job.why().empty());
  CHECK_FALSE(job.machine.record().desired_running);
  Story boot(job.machine.record());
  CHECK(boot.state() == JobState::kStopped);
  CHECK(boot.next() == JobDeed::kNone);
}

TEST_CASE("job: one that does not drain is killed, and its stop is no failure") {
  Story job;
  job.runs();
  job.machine.stop(job.now);
  REQUIRE(job.next() == JobDeed::kTerm);
  job.after(seconds(59));
  job.machine.on_beat("draining", job.now);
  job.after(seconds(31));
  CHECK(job.next() == JobDeed::kKill);
  CHECK(job.next() == JobDeed::kNone);
  job.dies(9);
  CHECK(job.state() == JobState::kStopped);
  CHECK(job.machine.report(job.now).failures == 0);
}

TEST_CASE("job: its marker stops it for good, and costs no attempt") {
  Story job;
  job.runs();
  job.exits(0, RunEnd::kMarker);
  CHECK(job.state() == JobState::kStopped);
  CHECK_FALSE(job.machine.record().desired_running);
  CHECK(job.machine.report(job.now).failures == 0);
  job.machine.start({}, job.now);
  CHECK(job.machine.makes_marker());
  job.spawns();
  CHECK_FALSE(job.machine.makes_marker());
}

TEST_CASE("job: one that read everything is finished") {
  Story job;
  job.runs();
  job.exits(0, RunEnd::kFinished);
  CHECK(job.state() == JobState::kFinished);
  CHECK(Story(job.machine.record()).next() == JobDeed::kNone);
}

TEST_CASE("job: 60 s without a beat are the end, and one attempt") {
  Story job;
  job.runs();
  job.after(seconds(59));
  CHECK(job.next() == JobDeed::kNone);
  CHECK(job.machine.due() == job.now.mono + seconds(1));
  job.after(seconds(1));
  CHECK(job.next() == JobDeed::kKill);
  CHECK(job.next() == JobDeed::kNone);
  job.dies(9);
  CHECK(job.state() == JobState::kWaiting);
  CHECK(job.last_exit() == "killed: no sign of life for 60s");
  CHECK(job.machine.report(job.now).failures == 1);
}

TEST_CASE("job: a beat that waits for Kafka keeps it alive") {
  Story job;
  job.spawns();
  for (int i = 0; i < 100; ++i) {
    job.after(seconds(59));
    job.machine.on_beat("waiting_for_kafka", job.now);
    REQUIRE(job.next() == JobDeed::kNone);
  }
  CHECK(job.state() == JobState::kRunning);
}

TEST_CASE("job: one that waits says for what") {
  Story job;
  job.spawns();
  CHECK(job.machine.on_beat("waiting_for_marker", job.now));
  CHECK_THAT(job.machine.report(job.now).why, Catch::Contains("its marker"));
  job.machine.on_beat("waiting_for_kafka", job.now);
  CHECK(job.machine.report(job.now).why == "waiting for Kafka");
  job.machine.on_beat("running", job.now);
  CHECK(job.machine.report(job.now).why.empty());
}

TEST_CASE("job: restart drains first, and never starts two") {
  Story job;
  job.runs();
  job.machine.restart({.takeover = true}, job.now);
  CHECK(job.next() == JobDeed::kTerm);
  CHECK(job.next() == JobDeed::kNone);
  job.exits(0, RunEnd::kStopped);
  CHECK(job.machine.start_options().takeover);
  job.runs();
  SECTION("and --takeover is not repeated") {
    job.dies(9);
    job.after(seconds(1));
    REQUIRE(job.next() == JobDeed::kSpawn);
    CHECK_FALSE(job.machine.start_options().takeover);
  }
}

TEST_CASE("job: start while it drains starts it again") {
  Story job;
  job.runs();
  job.machine.stop(job.now);
  REQUIRE(job.next() == JobDeed::kTerm);
  job.machine.start({}, job.now);
  CHECK(job.next() == JobDeed::kNone);
  job.exits(0, RunEnd::kStopped);
  job.runs();
  SECTION("but not when it was stopped again") {
    job.machine.stop(job.now);
    REQUIRE(job.next() == JobDeed::kTerm);
    job.machine.start({}, job.now);
    job.machine.stop(job.now);
    job.exits(0, RunEnd::kStopped);
    CHECK(job.state() == JobState::kStopped);
  }
}

TEST_CASE("job: the daemon's own stop is not remembered") {
  Story job;
  job.runs();
  job.machine.leave(job.now);
  CHECK(job.next() == JobDeed::kTerm);
  job.machine.hurry();
  CHECK(job.next() == JobDeed::kTerm);
  job.exits(0, RunEnd::kStopped);
  CHECK(job.next() == JobDeed::kNone);
  CHECK_FALSE(job.machine.has_process());
  CHECK(Story(job.machine.record()).state() == JobState::kWaiting);
}

TEST_CASE("job: one that fails while the daemon stops does not come back") {
  Story job;
  job.runs();
  job.dies(9);
  REQUIRE(job.state() == JobState::kWaiting);
  job.machine.leave(job.now);
  job.after(hours(1));
  CHECK(job.next() == JobDeed::kNone);
}

TEST_CASE("job: a signal to its process stops it") {
  Story job;
  job.runs();
  job.exits(0, RunEnd::kStopped);
  CHECK(job.state() == JobState::kStopped);
  CHECK(job.why() == "stopped by a signal to its process");
}

TEST_CASE("job: the process of a daemon that died is waited for, and killed when it hangs") {
  Story job;
  job.machine.on_orphan(job.now);
  CHECK(job.state() == JobState::kStopping);
  CHECK(job.next() == JobDeed::kNone);
  SECTION("it drains") {
    job.dies(0);
    job.runs();
  }
  SECTION("it hangs") {
    job.after(seconds(90));
    CHECK(job.next() == JobDeed::kKill);
    job.dies(9);
    job.runs();
    CHECK(job.machine.report(job.now).failures == 0);
  }
  SECTION("and its job was stopped meanwhile") {
    job.machine.stop(job.now);
    job.dies(0);
    CHECK(job.next() == JobDeed::kNone);
  }
}

TEST_CASE("job: what cannot be started at all counts as a failure") {
  Story job;
  for (int i = 0; i < 4; ++i) {
    REQUIRE(job.next() == JobDeed::kSpawn);
    job.machine.on_spawn_failed("no more processes", job.now);
    job.after(minutes(1));
  }
  CHECK(job.state() == JobState::kFailed);
  CHECK(job.why() == "no more processes");
}

TEST_CASE("job: a new text") {
  Story job;
  job.runs();
  SECTION("has what runs drain and start again") {
    job.machine.renew(job.now);
    CHECK(job.next() == JobDeed::kTerm);
    job.exits(0, RunEnd::kStopped);
    job.runs();
  }
  SECTION("is another chance for one that halted") {
    job.exits(78, RunEnd::kHalted, "HALT");
    job.machine.renew(job.now);
    job.runs();
    CHECK(job.why().empty());
  }
  SECTION("starts nothing that was stopped") {
    job.machine.stop(job.now);
    REQUIRE(job.next() == JobDeed::kTerm);
    job.exits(0, RunEnd::kStopped);
    job.machine.renew(job.now);
    CHECK(job.next() == JobDeed::kNone);
    CHECK(job.state() == JobState::kStopped);
  }
}

TEST_CASE("job: a restart that waits its back-off can be stopped or hastened") {
  Story job;
  job.runs();
  job.dies(9);
  SECTION("stopped") {
    job.machine.stop(job.now);
    job.after(hours(1));
    CHECK(job.next() == JobDeed::kNone);
  }
  SECTION("hastened") {
    job.machine.start({}, job.now);
    CHECK(job.next() == JobDeed::kSpawn);
  }
}

}  // namespace weir
