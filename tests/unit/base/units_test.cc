#include "base/units.h"

#include <catch2/catch.hpp>

namespace weir {

using std::chrono::microseconds;

TEST_CASE("units: durations are read with their unit", "[base]") {
  CHECK(parse_duration("250ms") == microseconds(250'000));
  CHECK(parse_duration("1.5h") == microseconds(5'400'000'000));
  CHECK(parse_duration("0s") == microseconds(0));
  CHECK(parse_duration("7us") == microseconds(7));
  CHECK(parse_duration("10000d") == microseconds(864'000'000'000'000));
  for (const char* bad : {"", "5", "s", "-1s", "+1s", "1 s", "1.s", ".5s", "1e3s", "1S", "1sec",
                          "10001d", "1s ", "1.2.3s", "99999999999999999999999d", "infs", "nans"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("units: sizes know powers of 1,000 and of 1,024", "[base]") {
  CHECK(parse_size("64MiB") == 64ULL << 20U);
  CHECK(parse_size("10kB") == 10'000U);
  CHECK(parse_size("1.5GiB") == 3ULL << 29U);
  CHECK(parse_size("0B") == 0U);
  for (const char* bad : {"", "5", "5mb", "5K", "-1B", "99999999999TiB", "1 MiB"}) {
    INFO(bad);
    CHECK_FALSE(parse_size(bad));
  }
}

TEST_CASE("units: rates are per second", "[base]") {
  CHECK(parse_percent("150%") == 150U);
  CHECK(format_percent(150) == "150%");
  for (const char* text : {"150", "%", "1.5%", "-1%", "150 %", "150%%"}) {
    CHECK_FALSE(parse_percent(text));
  }
  CHECK(parse_rate("20000/s") == 20000.0);
  CHECK_FALSE(parse_rate("20000"));
  CHECK_FALSE(parse_rate("20000/m"));
}

TEST_CASE("units: what is written reads back, in the largest whole unit", "[base]") {
  CHECK(format_duration(microseconds(5'400'000'000)) == "90m");
  CHECK(format_duration(microseconds(1'000'000)) == "1s");
  CHECK(format_duration(microseconds(1'500)) == "1500us");
  CHECK(format_duration(microseconds(0)) == "0s");
  CHECK(format_duration(microseconds(-1'000)) == "-1ms");
  CHECK(format_size(64ULL << 20U) == "64MiB");
  CHECK(format_size(1'000) == "1kB");
  CHECK(format_size(0) == "0B");
  CHECK(format_size(1'025) == "1025B");
  for (const std::uint64_t bytes : {1ULL, 1'000ULL, 1'024ULL, 123'456'789ULL, 1ULL << 40U}) {
    CHECK(parse_size(format_size(bytes)) == bytes);
  }
}

}  // namespace weir
