#include "connectors/generate/source.h"

#include <catch2/catch.hpp>

#include "connectors/generate/alarm.h"
#include "support/manual_clock.h"

namespace weir::generate {
namespace {

using namespace std::chrono_literals;
using test::ManualClock;

TEST_CASE("Pace: the first record is due at once, the others evenly", "[generate]") {
  const Pace every = Pace::every(100ms);
  CHECK(every.due(-1ns) == 0);
  CHECK(every.due(0ms) == 1);
  CHECK(every.due(99ms) == 1);
  CHECK(every.due(100ms) == 2);
  const Pace thirds = Pace::rate(3);
  CHECK(thirds.due(333'333'333ns) == 1);
  CHECK(thirds.due(333'333'334ns) == 2);
  CHECK(thirds.due(1h) == 10'801);
  CHECK(Pace::rate(0.5).due(2s) == 2);
  // Ten years at a million records per second.
  CHECK(Pace::rate(1e6).due(std::chrono::hours(87'600)) == 315'360'000'000'001);
}

TEST_CASE("Pace: due_at is the first time at which a record is due", "[generate]") {
  for (const Pace& pace :
       {Pace::every(100ms), Pace::rate(3), Pace::rate(20'000), Pace::rate(0.3)}) {
    CHECK(pace.due_at(0) == 0ns);
    for (const std::int64_t index : {1, 2, 7, 1000}) {
      CHECK(pace.due(pace.due_at(index)) == index + 1);
      CHECK(pace.due(pace.due_at(index) - 1ns) == index);
    }
  }
}

/// A source, its one split, and time in the test's hands.
struct Rig {
  explicit Rig(Pace pace, std::optional<std::int64_t> count = {})
      : waker(std::move(*Waker::open())),
        source(make_generate_source({.index = {}, .name = "ticks", .pace = pace, .count = count},
                                    clock)) {}

  void assign(std::int64_t from, std::optional<std::string> end = {}) {
    SplitAssignment assignment{{"ticks", "0"}, at(from), {}};
    if (end) assignment.end = *source->parse_position(*end);
    if (!end && source->bounded()) assignment.end = source->ends({"0"}, {})->at("0");
    reader.reset();
    reader = std::move(source->assign({assignment}, {&waker})->front());
  }
  Position at(std::int64_t next) { return *source->parse_position(std::to_string(next)); }
  std::vector<std::int64_t> fetch(std::size_t rows_max = 1000) {
    batch = RecordBatch{};
    last = *reader->fetch(batch, rows_max, 1'000'000);
    std::vector<std::int64_t> numbers;
    for (const Record& record : batch.records) numbers.push_back(record.offset);
    return numbers;
  }

  ManualClock clock;
  Waker waker;
  std::unique_ptr<Source> source;
  std::unique_ptr<SplitReader> reader;
  RecordBatch batch;
  Fetch last;
};

using Numbers = std::vector<std::int64_t>;

TEST_CASE("generate: numbers come as they are due", "[generate]") {
  Rig rig(Pace::every(100ms));
  rig.assign(0);
  CHECK(rig.fetch() == Numbers{0});
  CHECK(rig.batch.records[0].value == "0");
  CHECK(rig.batch.records[0].timestamp_us == rig.clock.wall().time_since_epoch().count());
  CHECK(rig.batch.origin->id_prefix == "ticks:");
  CHECK(rig.fetch().empty());
  CHECK(rig.last.state == FetchState::kNothing);
  rig.clock.advance(99ms);
  CHECK(rig.fetch().empty());
  // A busy job gets what it was late for.
  rig.clock.advance(201ms);
  CHECK(rig.fetch(2) == Numbers{1, 2});
  CHECK(rig.fetch(2) == Numbers{3});
  CHECK(rig.source->describe(rig.last.next) == "4");
}

TEST_CASE("generate: goes on at its position; what was due while it was down never comes",
          "[generate]") {
  Rig rig(Pace::every(100ms));
  rig.assign(0);
  CHECK(rig.fetch() == Numbers{0});
  rig.clock.advance(1h);
  rig.assign(1);
  CHECK(rig.fetch() == Numbers{1});
  CHECK(rig.fetch().empty());
}

TEST_CASE("generate: ends after count, which a later start may raise", "[generate]") {
  Rig rig(Pace::rate(1000), 3);
  CHECK(rig.source->bounded());
  const Position end = rig.source->ends({"0"}, {})->at("0");
  rig.assign(0);
  rig.clock.advance(1h);
  CHECK(rig.fetch() == Numbers{0, 1, 2});
  CHECK(rig.fetch().empty());
  CHECK(rig.last.state == FetchState::kEnd);

  Rig raised(Pace::rate(1000), 5);
  raised.reader = std::move(
      raised.source->assign({{{"ticks", "0"}, raised.at(3), end}}, {&raised.waker})->front());
  raised.clock.advance(1h);
  CHECK(raised.fetch() == Numbers{3, 4});
}

TEST_CASE("generate: a moved end gives what lies before it", "[generate]") {
  Rig rig(Pace::every(10ms));
  CHECK_FALSE(rig.source->bounded());
  const Error nothing = rig.source->ends_now({"0"}, {}).error();
  CHECK(nothing.action() == Action::kStopJob);
  CHECK(nothing.code() == Code::kBadValue);  // a mistake of the job file, not worth a restart
  rig.assign(5, "5");
  rig.clock.advance(25ms);
  CHECK(rig.fetch().empty());
  CHECK(rig.last.state == FetchState::kEnd);
  const Position now = rig.source->ends_now({"0"}, {})->at("0");
  CHECK(rig.source->describe(now) == "8");
  rig.clock.advance(1h);
  rig.reader->read_to(now);
  rig.reader->read_to(rig.at(6));  // never back
  CHECK(rig.fetch() == Numbers{5, 6, 7});
  CHECK(rig.fetch().empty());
  CHECK(rig.last.state == FetchState::kEnd);
}

TEST_CASE("generate: numbers that were given up are left out and passed", "[generate]") {
  Rig rig(Pace::rate(1000), 5);
  rig.clock.advance(1h);
  SplitAssignment assignment{{"ticks", "0"}, rig.at(0), rig.at(5)};
  assignment.skips = {rig.at(1), rig.at(4), rig.at(9)};
  rig.reader = std::move(rig.source->assign({assignment}, {&rig.waker})->front());
  rig.clock.advance(1h);
  CHECK(rig.fetch() == Numbers{0, 2, 3});
  CHECK(rig.last.skipped == 2);
  CHECK(rig.source->describe(rig.last.next) == "5");
  CHECK(rig.source->distance(rig.at(2), rig.last.next) == 3);
}

TEST_CASE("generate: positions have a text", "[generate]") {
  Rig rig(Pace::every(1s));
  CHECK(rig.source->describe(rig.at(17)) == "17");
  for (const char* bad : {"", "-1", "x", "1 "}) CHECK_FALSE(rig.source->parse_position(bad));
}

TEST_CASE("Alarm: wakes at the time that was set last", "[generate]") {
  const Waker waker = std::move(*Waker::open());
  const auto alarm = std::move(*Alarm::start(waker));
  const MonoTime begin = SystemClock().mono();
  alarm->set(begin + 1h);
  alarm->set(begin + 5ms);
  REQUIRE(waker.wait(20s));
  CHECK(SystemClock().mono() >= begin + 5ms);
  alarm->set(MonoTime{});  // has passed
  REQUIRE(waker.wait(20s));
  alarm->set(begin + 1h);
  CHECK_FALSE(waker.wait(0ms));
}

TEST_CASE("generate: a waiting reader wakes its worker when the next number is due", "[generate]") {
  const SystemClock clock;
  const Waker waker = std::move(*Waker::open());
  const auto source = make_generate_source(
      {.index = {}, .name = "ticks", .pace = Pace::every(20ms), .count = 3}, clock);
  const SplitAssignment assignment{
      {"ticks", "0"}, *source->parse_position("0"), source->ends({"0"}, {})->at("0")};
  const auto reader = std::move(source->assign({assignment}, {&waker})->front());
  Numbers numbers;
  while (true) {
    RecordBatch batch;
    const Fetch fetched = *reader->fetch(batch, 10, 1000);
    for (const Record& record : batch.records) numbers.push_back(record.offset);
    if (fetched.state == FetchState::kEnd) break;
    if (fetched.state == FetchState::kNothing) REQUIRE(waker.wait(20s));
  }
  CHECK(numbers == Numbers{0, 1, 2});
}

}  // namespace
}  // namespace weir::generate
