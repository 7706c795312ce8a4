#include "job/status_line.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

using namespace std::chrono_literals;

LaneStatus running(std::uint64_t rows_in, std::uint64_t rows_out) {
  LaneStatus status;
  status.state = LaneState::kRunning;
  status.epoch = EpochId{12};
  status.rows_in = rows_in;
  status.rows_out = rows_out;
  status.lag_records = 1234;
  return status;
}

TEST_CASE("status line: state, epoch, rates between two looks, lag", "[job]") {
  CHECK(status_line("late", running(1000, 100), running(62'725, 16'150), 5s, 100) ==
        "late running · epoch 12 · 12,345/s in · 3,210/s out · lag 1,234 · 62,725 records read");
}

TEST_CASE("status line: the first look has no rate yet", "[job]") {
  CHECK(status_line("late", running(7, 7), running(7, 7), 0us, 100) ==
        "late running · epoch 12 · 0/s in · 0/s out · lag 1,234 · 7 records read");
}

TEST_CASE("status line: what a person should look at appears when it happens", "[job]") {
  LaneStatus now = running(7, 7);
  now.lag_records.reset();
  now.rows_skipped = 3;
  now.recovers = 1;
  now.offsets_lost = 40;
  CHECK(status_line("late", now, now, 1s, 110) ==
        "late running · epoch 12 · 0/s in · 0/s out · 3 skipped · 40 lost · 1 recovered · 7 "
        "records read");
}

TEST_CASE("status line: a narrow terminal loses what matters least, whole", "[job]") {
  const LaneStatus now = running(7, 7);
  CHECK(status_line("late", now, now, 1s, 30) == "late running · epoch 12");
  CHECK(status_line("late", now, now, 1s, 8) == "late run");
  CHECK(status_line("late", now, now, 1s, 0).empty());
}

TEST_CASE("status line: while it waits it says for what, in one row", "[job]") {
  LaneStatus now;
  now.state = LaneState::kWaitingForKafka;
  now.last_error = "brokers k1:9092 cannot be reached:\nConnect to ü failed";
  CHECK(status_line("late", now, now, 1s, 200) ==
        "late waiting for Kafka · brokers k1:9092 cannot be reached: Connect to ü failed");
  CHECK(status_line("late", now, now, 1s, 72) ==
        "late waiting for Kafka · brokers k1:9092 cannot be reached: Connect to ü");
}

TEST_CASE("status line: a start has nothing to say but that", "[job]") {
  CHECK(status_line("late", {}, {}, 1s, 80) == "late starting");
}

TEST_CASE("final summary: what was read, written, and how fast the start was", "[job]") {
  LaneStatus status = running(10'452, 893);
  status.state = LaneState::kFinished;
  status.rows_skipped = 1;
  status.epochs = 3;
  status.doubts = 2;
  status.start_to_claim = 412'345us;
  CHECK(final_summary(status, 2'250ms) ==
        "finished at epoch 12: 10452 records in, 893 rows out, 1 skipped, 3 epochs, 2 doubts, 0 "
        "recoveries in 2.2 s; start to claim 412 ms");
  status.offsets_lost = 40;
  CHECK(final_summary(status, 2'250ms).find("1 skipped, 40 offsets lost, 3 epochs") !=
        std::string::npos);
  LaneStatus never;
  never.state = LaneState::kStopped;
  CHECK(final_summary(never, 1s) == "stopped before it began to read, after 1.0 s");
  status.start_to_first_record = 430ms;
  CHECK(final_summary(status, 2'250ms)
            .ends_with("start to claim 412 ms, to first record taken 430 ms"));
}

}  // namespace
}  // namespace weir
