#include "cli/top_table.h"

#include <catch2/catch.hpp>

#include "cli/logs.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::steady_clock::time_point kNow{};

const std::string kAnswer = R"({"jobs":[
 {"name":"calm","state":"running","why":null,"pid":11,"failures":0,"maxAttempts":4,
  "process":{"epoch":7,"commitAgeSeconds":0.3,"lagRecords":0,"residentBytes":30000000,
             "totals":{"inputRows":1000,"outputRows":10}}},
 {"name":"behind","state":"running","why":null,"pid":12,"failures":1,"maxAttempts":4,
  "process":{"epoch":1234567,"commitAgeSeconds":61,"lagRecords":5000,"residentBytes":1,
             "totals":{"inputRows":50,"outputRows":50}}},
 {"name":"off","state":"stopped","why":null,"pid":null,"failures":0,"maxAttempts":4,"process":null},
 {"name":"broken","state":"failed","why":"exit 1:\nmore\u001b[2J","pid":null,"failures":4,"maxAttempts":4,"process":null}],
 "problems":[{"file":"x","text":"y"}],"stopping":false})";

}  // namespace

TEST_CASE(
    "top: what needs a person stands first, then what is behind; rates are between two looks") {
  TopLook before = read_top(kAnswer, kNow);
  const TopLook now = read_top(kAnswer, kNow + 2s);
  before.jobs[0].rows_in = 0;      // calm: 1,000 in 2 s
  before.jobs[1].pid = "another";  // a process that is new has no rate yet
  CHECK(top_text(before, now, {}) ==
        "4 jobs: 2 running, 1 stopped, 1 failed; 1 problem, see weir ps\n\n"
        "JOB     STATE        EPOCH  IN/S  OUT/S    LAG    AGE  MEMORY  FAILURES  WHY\n"
        "broken  failed           -     -      -      -      -       -       4/4  exit 1:\n"
        "behind  running  1,234,567     -      -  5,000  61.0s      0M       1/4\n"
        "calm    running          7   500      0      0   0.3s     28M       0/4\n"
        "off     stopped          -     -      -      -      -       -       0/4\n");
}

TEST_CASE("top: a small terminal shows what fits, and how much does not") {
  const TopLook now = read_top(kAnswer, kNow);
  CHECK(top_text(now, now, TopSize{5, 14}) ==
        "4 jobs: 2 runn\n\nJOB     STATE \nbroken  failed\n... 3 more");
  CHECK(top_text(now, now, TopSize{40, 200}).find("more") == std::string::npos);
}

TEST_CASE("top: an answer that is none is no job") {
  for (const char* text : {"", "{", "[]", "{\"jobs\":7}", "<html>"}) {
    CHECK(read_top(text, kNow).jobs.empty());
  }
}

TEST_CASE("logs: a line of JSON is itself, any other the message of one") {
  CHECK(json_of_log_line("a", R"({"ts":"x","message":"m"})") == R"({"ts":"x","message":"m"})");
  CHECK(json_of_log_line("a", "plain \"text\" \xff") ==
        R"({"job":"a","message":"plain \"text\" \ufffd"})");
}

}  // namespace weir
