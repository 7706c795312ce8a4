#include <catch2/catch.hpp>

#include "connectors/kafka/loss.h"

namespace weir::kafka {
namespace {

void check(const Resumption& resumed, std::int64_t next, std::uint64_t lost) {
  CHECK(resumed.next == next);
  CHECK(resumed.lost == lost);
}

TEST_CASE("resume_after_loss: behind a log's deleted records", "[kafka]") {
  check(resume_after_loss(40, 100, 130, {}, OnDataLoss::kEarliest), 100, 60);
  check(resume_after_loss(40, 100, 130, {}, OnDataLoss::kLatest), 130, 90);
  check(resume_after_loss(40, 100, 100, {}, OnDataLoss::kEarliest), 100, 60);
}

TEST_CASE("resume_after_loss: no further than the job was to read", "[kafka]") {
  check(resume_after_loss(40, 100, 130, 70, OnDataLoss::kEarliest), 70, 30);
  check(resume_after_loss(40, 100, 130, 110, OnDataLoss::kLatest), 110, 70);
  check(resume_after_loss(40, 100, 130, 200, OnDataLoss::kLatest), 130, 90);
}

TEST_CASE("resume_after_loss: a log that was made again is read anew, or passed over", "[kafka]") {
  check(resume_after_loss(500, 0, 20, {}, OnDataLoss::kEarliest), 0, 0);
  check(resume_after_loss(500, 0, 20, {}, OnDataLoss::kLatest), 20, 20);
  check(resume_after_loss(500, 3, 20, 900, OnDataLoss::kLatest), 20, 17);
}

TEST_CASE("known_unread: what was given, and what lies behind the end that was reached",
          "[kafka]") {
  ReaderProgress progress;
  CHECK(known_unread(0, progress, -1) == 0);
  CHECK(known_unread(3, progress, 10) == 7);
  progress.given = 10;
  progress.end = 11;  // behind a marker
  CHECK(known_unread(10, progress, 11) == 0);
  CHECK(known_unread(4, progress, 11) == 6);
  CHECK(known_unread(10, progress, 15) == 5);
}

}  // namespace
}  // namespace weir::kafka
