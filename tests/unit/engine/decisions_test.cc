#include "engine/decisions.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("backoff: doubles from one second up to a minute", "[engine]") {
  CHECK(backoff(0) == seconds(1));
  CHECK(backoff(1) == seconds(2));
  CHECK(backoff(5) == seconds(32));
  CHECK(backoff(6) == seconds(60));
  CHECK(backoff(1'000'000) == seconds(60));
}

TEST_CASE("next_seal: the first limit that is reached seals", "[engine]") {
  const EpochLimits limits{.every = seconds(1), .records = 10, .bytes = 100};
  const MonoTime opened{seconds(50)};
  CHECK(next_seal({.opened = opened, .records = 9, .bytes_in = 99, .bytes_out = 99}, limits) ==
        opened + seconds(1));
  CHECK(next_seal({.opened = opened, .records = 10}, limits) == opened);
  CHECK(next_seal({.opened = opened, .bytes_in = 100}, limits) == opened);
  CHECK(next_seal({.opened = opened, .bytes_out = 100}, limits) == opened);
  CHECK(next_seal({.opened = opened, .input_ended = true}, limits) == opened);
  CHECK(next_seal({.opened = opened, .stopping = true}, limits) == opened);
}

TEST_CASE("on_commit_result: an error is never taken for not committed", "[engine]") {
  CHECK(on_commit_result(Error{Action::kRecover, "fenced"}, true) == AfterCommit::kRecover);
  CHECK(on_commit_result(Error{Action::kRetry, "timed out"}, false) == AfterCommit::kRecover);
}

TEST_CASE("on_commit_result: doubt rotates, and `rotate: always` does so every time", "[engine]") {
  CHECK(on_commit_result(Verdict::kDecided, false) == AfterCommit::kGoOn);
  CHECK(on_commit_result(Verdict::kDecided, true) == AfterCommit::kRotate);
  CHECK(on_commit_result(Verdict::kDecidedWithDoubt, false) == AfterCommit::kRotate);
}

const SplitId kSplit{"clicks", "clicks/0"};
SplitProgressMap at(const std::string& position) {
  SplitProgressMap positions;
  positions[kSplit].position.bytes = position;
  return positions;
}
const Error kRefused{Action::kRecover, Code::kRowsRefused, "record too large"};
const Error kAway{Action::kRecover, Code::kBrokersUnreachable, "no broker"};

TEST_CASE("recovering_text: brokers that do not answer have a state, a code and a cure",
          "[engine]") {
  const std::string text = recovering_text(
      {Action::kRetry, Code::kBrokersUnreachable, "asking; brokers 127.0.0.1:1: refused"});
  CHECK_THAT(text, Catch::StartsWith("waiting_for_kafka (W3001): asking; brokers 127.0.0.1:1") &&
                       Catch::Contains("Check `brokers`"));
  const std::string behind = recovering_text({Action::kRetry, Code::kClusterNotReady,
                                              "writing to topic out: not enough in-sync replicas"});
  CHECK_THAT(behind, Catch::StartsWith("waiting_for_kafka (W3009): writing to topic out") &&
                         Catch::Contains("replicas that are not in sync") &&
                         !Catch::Contains("Check `brokers`"));
  CHECK(recovering_text({Action::kRecover, "the producer was replaced"}) ==
        "recovering: the producer was replaced");
}

TEST_CASE("PoisonCounter: counts how often an epoch failed at the same position", "[engine]") {
  PoisonCounter poison(Code::kRowsRefused, nullptr);
  for (std::uint64_t count = 1; count <= 4; ++count) {
    CHECK(poison.failed(kRefused, at("1"), {kSplit}) == count);
  }
}

TEST_CASE("PoisonCounter: outages between two refusals neither count nor forget", "[engine]") {
  PoisonCounter poison(Code::kRowsRefused, nullptr);
  CHECK(poison.failed(kRefused, at("1"), {kSplit}) == 1);
  for (int i = 0; i < 10; ++i) CHECK(poison.failed(kAway, at("1"), {kSplit}) == 0);
  CHECK(poison.failed(kRefused, at("1"), {kSplit}) == 2);
}

TEST_CASE("PoisonCounter: another position and a decided epoch of the split begin anew",
          "[engine]") {
  PoisonCounter poison(Code::kRowsRefused, nullptr);
  CHECK(poison.failed(kRefused, at("1"), {kSplit}) == 1);
  CHECK(poison.failed(kRefused, at("1"), {kSplit}) == 2);
  CHECK(poison.failed(kRefused, at("2"), {kSplit}) == 1);
  CHECK(poison.failed(kRefused, at("2"), {kSplit}) == 2);
  poison.decided({{kSplit, {"2"}, {"3"}, 1}});
  CHECK(poison.failed(kRefused, at("2"), {kSplit}) == 1);
}

TEST_CASE("PoisonCounter: a position is one place with and without its record's offset",
          "[engine]") {
  PoisonCounter poison(Code::kRowsRefused, [](const Position& a, const Position& b) {
    return a.bytes.front() == b.bytes.front();
  });
  CHECK(poison.failed(kRefused, at("1, behind 0"), {kSplit}) == 1);
  CHECK(poison.failed(kRefused, at("1"), {kSplit}) == 2);
}

TEST_CASE("PoisonCounter: what other splits do does not matter", "[engine]") {
  PoisonCounter poison(Code::kRowsRefused, nullptr);
  const SplitId other{"clicks", "clicks/1"};
  for (std::uint64_t count = 1; count <= 3; ++count) {
    CHECK(poison.failed(kRefused, at("1"), {kSplit}) == count);
    poison.decided({{other, {"1"}, {"2"}, 1}});
  }
  CHECK(poison.failed(kRefused, at("1"), {other, kSplit}) == 4);
}

TEST_CASE("after_refusal: at once while it helps, then slower, and not for ever", "[engine]") {
  CHECK(after_refusal(1) == AfterRefusal::kAtOnce);
  CHECK(after_refusal(20) == AfterRefusal::kAtOnce);
  CHECK(after_refusal(21) == AfterRefusal::kBackOff);
  CHECK(after_refusal(29) == AfterRefusal::kBackOff);
  CHECK(after_refusal(30) == AfterRefusal::kHalt);
}

}  // namespace
}  // namespace weir
