#include "supervisor/restart_policy.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNoon{hours(12)};
constexpr double kMiddle = 0.5;  // of the jitter: the pause as it is written

struct Job {
  RestartSpec policy;
  RestartHistory history;

  std::optional<microseconds> fails(WallTime at, microseconds ran = seconds(1),
                                    double jitter = kMiddle) {
    return on_failure(history, policy, at, ran, jitter);
  }
};

}  // namespace

TEST_CASE("restart: the fourth failure of an hour is the last") {
  Job job;
  CHECK(job.fails(kNoon) == seconds(1));
  CHECK(job.fails(kNoon + minutes(10)) == seconds(2));
  CHECK(job.fails(kNoon + minutes(20)) == seconds(4));
  CHECK(job.fails(kNoon + minutes(59)) == std::nullopt);
}

TEST_CASE("restart: the window moves on") {
  Job job;
  for (int i = 0; i < 3; ++i) REQUIRE(job.fails(kNoon + minutes(i)));
  CHECK(failures_in_window(job.history, job.policy, kNoon + minutes(59)) == 3);
  CHECK(failures_in_window(job.history, job.policy, kNoon + minutes(60)) == 2);
  CHECK(job.fails(kNoon + minutes(60)));
  CHECK_FALSE(job.fails(kNoon + minutes(60)));
  // A day of one failure in half an hour never ends it.
  Job patient;
  for (int i = 0; i < 48; ++i) CHECK(patient.fails(kNoon + minutes(30) * i));
}

TEST_CASE("restart: the pause doubles up to its maximum") {
  Job job;
  job.policy.max_attempts = 100;
  const std::vector<microseconds> pauses{seconds(1),  seconds(2),  seconds(4),  seconds(8),
                                         seconds(16), seconds(32), seconds(60), seconds(60)};
  for (const microseconds pause : pauses) CHECK(job.fails(kNoon) == pause);
  for (int i = 0; i < 80; ++i) CHECK(job.fails(kNoon) == seconds(60));
}

TEST_CASE("restart: the pause varies by a fifth") {
  CHECK(Job().fails(kNoon, seconds(1), 0.0) == std::chrono::milliseconds(800));
  CHECK(Job().fails(kNoon, seconds(1), 0.999999) < std::chrono::milliseconds(1200));
  CHECK(Job().fails(kNoon, seconds(1), 0.999999) > std::chrono::milliseconds(1199));
}

TEST_CASE("restart: a job that ran longer than its window begins anew with its back-off") {
  Job job;
  CHECK(job.fails(kNoon) == seconds(1));
  CHECK(job.fails(kNoon + minutes(1)) == seconds(2));
  CHECK(job.fails(kNoon + hours(2), job.policy.window) == seconds(4));
  CHECK(job.fails(kNoon + hours(4), job.policy.window + microseconds(1)) == seconds(1));
}

TEST_CASE("restart: one attempt means none") {
  Job job;
  job.policy.max_attempts = 1;
  CHECK_FALSE(job.fails(kNoon));
}

TEST_CASE("restart: a clock that was set back keeps failures, and no longer than their window") {
  Job job;
  for (int i = 0; i < 3; ++i) REQUIRE(job.fails(kNoon + hours(24)));
  CHECK(failures_in_window(job.history, job.policy, kNoon) == 3);
  CHECK(failures_in_window(job.history, job.policy, kNoon + minutes(59)) == 3);
  CHECK(failures_in_window(job.history, job.policy, kNoon + minutes(60)) == 0);
}

}  // namespace weir
