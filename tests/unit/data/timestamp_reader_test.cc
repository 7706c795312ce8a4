#include "data/timestamp_reader.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/random.h"

namespace weir {
namespace {

TEST_CASE("TimestampReader: is parse_timestamp, whatever came before", "[property]") {
  SeededRandom random(5);
  constexpr std::string_view kBytes = "0123456789:.-+TZz 2026";
  constexpr std::int64_t kDayUs = 86'400'000'000;
  TimestampReader reader;
  std::int64_t now_us = parse_timestamp("2026-11-22T10:40:00Z").value();
  int parsed = 0;
  for (int i = 0; i < 50'000; ++i) {
    now_us += static_cast<std::int64_t>(random.below(20)) * 1'000'000;
    if (random.below(50) == 0) now_us += static_cast<std::int64_t>(random.below(900)) * kDayUs;
    std::string text;
    append_rfc3339(text, now_us + static_cast<std::int64_t>(random.below(1000)) * 1000);
    if (random.below(4) == 0) text[random.below(text.size())] = kBytes[random.below(kBytes.size())];
    if (random.below(20) == 0) text.erase(random.below(text.size()), 1);
    if (random.below(20) == 0) text.insert(random.below(text.size()), 1, '0');
    INFO(text);
    REQUIRE(reader.read(text) == parse_timestamp(text));
    parsed += parse_timestamp(text) ? 1 : 0;
  }
  CHECK(parsed > 20'000);
}

TEST_CASE("TimestampReader: a minute that was refused is not remembered") {
  TimestampReader reader;
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(reader.read("2026-02-30T10:40:00.000Z"));
    CHECK_FALSE(reader.read("2026-02-28T10:61:00Z"));
    CHECK(reader.read("2026-02-28T10:40:00Z") == parse_timestamp("2026-02-28T10:40:00Z"));
    CHECK(reader.read("2026-02-28T10:40:60Z") == parse_timestamp("2026-02-28T10:41:00Z"));
    CHECK(reader.read("2026-02-28 10:40:01Z") == parse_timestamp("2026-02-28T10:40:01Z"));
    CHECK_FALSE(reader.read(std::string(24, '\0')));
    CHECK_FALSE(reader.read(std::string(16, '\0') + ":00.000Z"));
  }
}

}  // namespace
}  // namespace weir
