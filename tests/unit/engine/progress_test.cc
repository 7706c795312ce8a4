#include "engine/progress.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

using std::chrono::seconds;

constexpr MonoTime kStart{seconds(1000)};

TEST_CASE("ProgressReports: a line a minute of what was committed since the one before",
          "[engine]") {
  ProgressReports reports(kStart);
  LaneStatus status;
  status.epochs = 3;
  status.rows_in = 100;
  status.rows_out = 90;
  CHECK(reports.due(status) == kStart + seconds(60));
  CHECK_FALSE(reports.report(status, kStart + seconds(59)));
  CHECK(reports.report(status, kStart + seconds(60)) ==
        "in the last 60 s: 100 records in, 90 rows out, 3 epochs");
  status.epochs = 4;
  status.rows_in = 107;
  status.lag_records = 12;
  status.rows_skipped = 2;
  CHECK_FALSE(reports.report(status, kStart + seconds(119)));
  CHECK(reports.report(status, kStart + seconds(125)) ==
        "in the last 65 s: 7 records in, 0 rows out, 2 skipped, 1 epochs; lag now 12");
  // What was skipped before is not told again.
  status.epochs = 5;
  status.rows_dead = 1;
  CHECK(reports.report(status, kStart + seconds(185)) ==
        "in the last 60 s: 0 records in, 0 rows out, 1 dead letters, 1 epochs; lag now 12");
}

TEST_CASE("ProgressReports: an idle lane has nothing to tell, and no reason to wake", "[engine]") {
  ProgressReports reports(kStart);
  LaneStatus status;
  CHECK(reports.due(status) == MonoTime::max());
  CHECK_FALSE(reports.report(status, kStart + seconds(3600)));
  status.epochs = 1;
  // After an hour without anything the first epoch is told at once.
  CHECK(reports.report(status, kStart + seconds(3601)));
  CHECK(reports.due(status) == MonoTime::max());
}

}  // namespace
}  // namespace weir
