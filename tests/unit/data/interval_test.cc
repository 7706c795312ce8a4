#include "data/interval.h"

#include <catch2/catch.hpp>
#include <limits>

#include "data/calendar.h"
#include "data/render.h"

namespace weir {
namespace {

std::string again(std::string_view text) {
  const std::optional<Interval> interval = parse_interval(text);
  if (!interval) return "nothing";
  std::string out;
  append_interval(out, *interval);
  return out;
}
std::string shown(std::optional<Interval> interval) {
  if (!interval) return "nothing";
  std::string out;
  append_interval(out, *interval);
  return out;
}
Interval span(std::string_view text) { return parse_interval(text).value(); }
std::string moved(std::string_view time, std::string_view by) {
  const auto at = add_to_time(parse_local_timestamp(time).value(), span(by));
  if (!at) return "nothing";
  std::string out;
  append_iso_local(out, *at);
  return out;
}

// Expected texts are PostgreSQL 15's.
TEST_CASE("parse_interval: reads PostgreSQL's forms", "[data]") {
  CHECK(again("1 day 2 hours") == "1 day 02:00:00");
  CHECK(again("1 year 2 mons -3 days 4:05:06.7") == "1 year 2 mons -3 days +04:05:06.7");
  CHECK(again("P1Y2M3DT4H5M6.5S") == "1 year 2 mons 3 days 04:05:06.5");
  CHECK(again("1d2h3m4s") == "1 day 02:03:04");
  CHECK(again("3 04:05") == "3 days 04:05:00");
  CHECK(again("1-2") == "1 year 2 mons");
  CHECK(again("-1-2") == "-1 years -2 mons");
  CHECK(again("90 minutes") == "01:30:00");
  CHECK(again("1.5 days") == "1 day 12:00:00");
  CHECK(again("1.5 mons") == "1 mon 15 days");
  CHECK(again("12") == "00:00:12");
  CHECK(again("36:00") == "36:00:00");
  CHECK(again("2 days ago") == "-2 days");
  CHECK(again("1 day ago 2 hours") == "-1 days -02:00:00");
  CHECK(again("0 days") == "00:00:00");
  CHECK(again("15 us") == "00:00:00.000015");
}

TEST_CASE("parse_interval: refuses what is none", "[data]") {
  for (const std::string_view text :
       {"", "day", "1 fortnight", "1 2", "1 day 1 day", "1:60", "P", "P1", "PT", "2026-11-22",
        "99999999999 years", "ago", "1:", "1 day x", "-", "."}) {
    CAPTURE(text);
    CHECK(again(text) == "nothing");
  }
}

TEST_CASE("Interval: compares with months of 30 and days of 24 hours", "[data]") {
  CHECK(compare(span("1 mon"), span("30 days")) == 0);
  CHECK(compare(span("1 day"), span("23:59:59.999999")) > 0);
  CHECK(compare(span("-1 day"), span("1 us")) < 0);
  const Interval largest{std::numeric_limits<std::int64_t>::max(),
                         std::numeric_limits<std::int32_t>::max(),
                         std::numeric_limits<std::int32_t>::max()};
  CHECK(compare(largest, span("0")) > 0);
}

TEST_CASE("Interval: parts overflow to nothing", "[data]") {
  const Interval largest{std::numeric_limits<std::int64_t>::max(), 0, 0};
  CHECK_FALSE(add(largest, span("1 us")));
  CHECK_FALSE(negated({std::numeric_limits<std::int64_t>::min(), 0, 0}));
  CHECK_FALSE(scaled(span("1 mon"), 1e10));
  CHECK(shown(scaled(span("1 mon 1 day"), 1.5)) == "1 mon 16 days 12:00:00");
  CHECK(shown(divided(span("1 year"), 7)) == "1 mon 21 days 10:17:08.5344");
}

TEST_CASE("add_to_time: keeps to the month's last day and to the years 1 to 9999", "[data]") {
  CHECK(moved("2026-01-31", "1 month") == "2026-02-28T00:00:00");
  CHECK(moved("2024-02-29", "1 year") == "2025-02-28T00:00:00");
  CHECK(moved("2026-03-31T10:00:00", "-1 mon -1 day") == "2026-02-27T10:00:00");
  CHECK(moved("9999-12-31", "1 day") == "nothing");
  CHECK(moved("0001-01-01", "-1 mon") == "nothing");
  CHECK(moved("2026-01-01", "2147483647 days") == "nothing");
}

TEST_CASE("age_between: counts as a calendar does", "[data]") {
  const auto age = [](std::string_view a, std::string_view b) {
    return shown(age_between(parse_local_timestamp(a).value(), parse_local_timestamp(b).value()));
  };
  CHECK(age("2026-11-22", "2024-02-29") == "2 years 8 mons 22 days");
  CHECK(age("2024-02-29", "2026-11-22") == "-2 years -8 mons -22 days");
  CHECK(age("2026-03-01", "2026-01-31T12:00:00") == "1 mon 12:00:00");
  CHECK(age("2026-01-01", "2026-01-01") == "00:00:00");
}

}  // namespace
}  // namespace weir
