#include "marker/rules.h"

#include <catch2/catch.hpp>
#include <string>

namespace weir {
namespace {

using std::chrono::milliseconds;

// One letter per check, one every second: E, G, U; c after it: made, f: not made. What was said to
// do comes back: h hold, r run, s stop, x refuse; C before the answer to a creation.
std::string told(MarkerRules rules, const std::string& checks) {
  const auto letter = [](MarkerStep step) {
    switch (step) {
      case MarkerStep::kHold:
        return 'h';
      case MarkerStep::kRun:
        return 'r';
      case MarkerStep::kCreate:
        return 'C';
      case MarkerStep::kStop:
        return 's';
      case MarkerStep::kRefuse:
        return 'x';
    }
    return '?';
  };
  std::string said;
  MonoTime now(std::chrono::hours(1));
  for (const char check : checks) {
    if (check == 'c' || check == 'f') {
      said += letter(rules.on_created(check == 'c'));
      continue;
    }
    said += letter(rules.on_check(check == 'E'   ? MarkerVerdict::kExists
                                  : check == 'G' ? MarkerVerdict::kGone
                                                 : MarkerVerdict::kUnknown,
                                  now));
    now += std::chrono::seconds(1);
  }
  return said;
}

MarkerRules rules(MarkerAtStart at_start, bool made_before) {
  return {at_start, made_before, std::chrono::seconds(1)};
}

TEST_CASE("marker rules: from the words of checks to what follows", "[marker]") {
  struct Row {
    MarkerAtStart at_start;
    bool made_before;
    std::string checks, said;
  };
  constexpr auto kCreate = MarkerAtStart::kCreate;
  constexpr auto kRequire = MarkerAtStart::kRequire;
  const Row table[] = {
      // A first start makes what is not there, and takes what is.
      {kCreate, false, "Gc", "Cr"},
      {kCreate, false, "EEE", "rrr"},
      // Making it is tried at every check, and the job runs meanwhile.
      {kCreate, false, "UfUfGfUc", "CrCrCrCr"},
      // GONE means nothing before it was seen; it is made.
      {kCreate, false, "GfGfGc", "CrCrCr"},
      // GONE twice is the stop; once is not, and another word between starts anew.
      {kCreate, false, "GcGG", "Crrs"},
      {kCreate, false, "EGG", "rrs"},
      {kCreate, false, "EGUGG", "rrrrs"},
      {kCreate, false, "EGEGG", "rrrrs"},
      {kCreate, false, "EUUUUU", "rrrrrr"},
      {kCreate, false, "EGUGUGU", "rrrrrrr"},
      // It is made once: not again after it was seen.
      {kCreate, false, "GcGEGU", "Crrrrr"},
      // Made by a run that did not stop: GONE is the stop asked for while the job was down.
      {kCreate, true, "GG", "hs"},
      {kCreate, true, "GEGG", "hrrs"},
      {kCreate, true, "E", "r"},
      {kCreate, true, "UGG", "rrs"},
      {kCreate, true, "GUGG", "hrrs"},
      // `require`: EXISTS starts, UNKNOWN waits, GONE is refused.
      {kRequire, false, "E", "r"},
      {kRequire, false, "UUUE", "hhhr"},
      {kRequire, false, "GG", "hx"},
      {kRequire, false, "GUGG", "hhhx"},
      {kRequire, false, "GE", "hr"},
      {kRequire, false, "EUGG", "rrrs"},
      {kRequire, true, "GG", "hs"},
      {kRequire, true, "UGUGG", "hhhhs"},
  };
  for (const Row& row : table) {
    CAPTURE(row.at_start == kCreate, row.made_before, row.checks);
    CHECK(told(rules(row.at_start, row.made_before), row.checks) == row.said);
  }
}

TEST_CASE("marker rules: two GONE nearer than a check are one", "[marker]") {
  MarkerRules one = rules(MarkerAtStart::kCreate, false);
  MonoTime now(std::chrono::hours(1));
  CHECK(one.on_check(MarkerVerdict::kExists, now) == MarkerStep::kRun);
  CHECK(one.on_check(MarkerVerdict::kGone, now) == MarkerStep::kRun);
  CHECK(one.on_check(MarkerVerdict::kGone, now) == MarkerStep::kRun);
  CHECK(one.on_check(MarkerVerdict::kGone, now + milliseconds(999)) == MarkerStep::kRun);
  CHECK(one.on_check(MarkerVerdict::kGone, now + milliseconds(1000)) == MarkerStep::kStop);
}

}  // namespace
}  // namespace weir
