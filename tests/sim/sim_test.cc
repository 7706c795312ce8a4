#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <map>

#include "base/log.h"
#include "sim/history.h"

// WEIR_SIM_HISTORIES=N runs N histories instead of 20,000 (scripts/simulate is the long form);
// WEIR_SIM_SEED=S runs that one and prints what happens, line by line.

namespace weir::test {
namespace {

// The lanes of these histories halt and recover all the time.
void quiet() { init_log({.level = LogLevel::kError, .format = LogFormat::kText}); }

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string how_to_repeat(std::uint64_t seed) {
  return "repeat it with: WEIR_SIM_SEED=" + std::to_string(seed) + " build/debug/tests/sim_tests " +
         "\"sim: the seed of WEIR_SIM_SEED\"";
}

TEST_CASE("sim: histories with crashes and faults keep every invariant", "[sim]") {
  quiet();
  const std::uint64_t count = number_from("WEIR_SIM_HISTORIES", 20'000);
  std::map<std::string, std::uint64_t> endings;
  HistoryResult sum;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const HistoryResult result = run_history({.seed = seed, .crash_at = {}});
    INFO(how_to_repeat(seed));
    REQUIRE(result.violation == "");
    ++endings[result.ending];
    sum.epochs += result.epochs;
    sum.claims += result.claims;
    sum.crashes += result.crashes;
    sum.takeovers += result.takeovers;
    sum.lost += result.lost;
  }
  std::cout << count << " histories: " << sum.epochs << " epochs, " << sum.claims << " claims, "
            << sum.crashes << " crashes, " << sum.takeovers << " takeovers, " << sum.lost
            << " records lost; ended";
  for (const auto& [ending, times] : endings) std::cout << ", " << ending << " " << times;
  std::cout << "\n";
  // A storm that never lets anybody finish, or never breaks anything, would prove nothing.
  CHECK(endings["finished"] > count / 2);
  CHECK(sum.crashes > count / 2);
  CHECK(sum.lost > count / 100);
}

TEST_CASE("sim: a crash at each place of a calm history loses and doubles nothing", "[sim]") {
  quiet();
  std::uint64_t places = 0;
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    // A crash that never comes: how many places are there?
    const std::uint64_t all = run_history({.seed = seed, .crash_at = ~0ULL}).places;
    for (std::uint64_t place = 1; place <= all; ++place) {
      for (const bool power : {false, true}) {
        const HistoryResult result =
            run_history({.seed = seed, .crash_at = place, .loses_power = power});
        INFO("seed " << seed << ", crash at place " << place << (power ? ", power lost" : ""));
        REQUIRE(result.violation == "");
        CHECK(result.ending == "finished");
      }
    }
    places += all;
  }
  CHECK(places > 200);
}

TEST_CASE("sim: one seed is one trace (I13)", "[sim]") {
  quiet();
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const HistoryOptions options{.seed = seed, .crash_at = {}};
    CHECK(run_history(options).trace_hash == run_history(options).trace_hash);
  }
}

// The rules of epochs.md sections 3 and 4, each broken on purpose: the histories above can fail.
TEST_CASE("sim: each mutation is found within 10,000 histories", "[sim]") {
  quiet();
  const auto found_after = [](Mutation mutation) {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
      const auto result = run_history({.seed = seed, .mutation = mutation, .crash_at = {}});
      if (!result.violation.empty()) return std::pair(seed, result.violation);
    }
    return std::pair(std::uint64_t{0}, std::string());
  };
  const std::pair<const char*, Mutation> mutations[] = {
      {"no rotation", Mutation::kNoRotation},
      {"a timed-out stable read is absent", Mutation::kTimeoutIsAbsent},
      {"no look at the owner after the fence", Mutation::kNoOwnerRecheck},
      {"a claim before LANE is synced", Mutation::kClaimUnsynced},
      {"LANE learns the owner behind the claim", Mutation::kLateOwner},
      {"a claim forgets the owner it found", Mutation::kForgetsOwner},
      {"epochs carry the owner that was found", Mutation::kOldOwner},
      {"no look at the cell after a rotation", Mutation::kNoRotationCheck},
      {"M1, a commit before D/<N> is durable", Mutation::kEpochUnsynced},
      {"M2, a follower gets an undecided epoch", Mutation::kShowsPrepared},
      {"M3, the mirror in a transaction of its own", Mutation::kMirrorApart},
      {"M5, D/<N+1> before LANE says N", Mutation::kForgetsApplied},
      {"M6, positions of what was fetched", Mutation::kFetchedPositions},
  };
  for (const auto& [name, mutation] : mutations) {
    const auto [after, violation] = found_after(mutation);
    std::cout << name << ": found by history " << after << ", " << violation << "\n";
    INFO(name);
    CHECK(after != 0);
  }
}

TEST_CASE("sim: the seed of WEIR_SIM_SEED", "[sim]") {
  quiet();
  if (std::getenv("WEIR_SIM_SEED") == nullptr) return;
  const HistoryResult result =
      run_history({.seed = number_from("WEIR_SIM_SEED", 1), .crash_at = {}, .trace = &std::cout});
  CHECK(result.violation == "");
}

}  // namespace
}  // namespace weir::test
