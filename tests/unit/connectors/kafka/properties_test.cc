#include "connectors/kafka/properties.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace weir::kafka {
namespace {

TEST_CASE("is_property: knows those of clients and of topics, with a default and without",
          "[kafka]") {
  for (const char* const name : {"fetch.min.bytes", "ssl.key.pem", "request.timeout.ms",
                                 "statistics.interval.ms", "compression.level"}) {
    CAPTURE(name);
    CHECK(is_property(name));
  }
  CHECK_FALSE(is_property("fetch.min.bites"));
  CHECK_FALSE(is_property(""));
}

TEST_CASE("refusal_of: is one line, and only for what is refused", "[kafka]") {
  CHECK_FALSE(refusal_of("linger.ms", "5.5"));
  CHECK_FALSE(refusal_of("compression.level", "3"));
  for (const char* const value : {"-1", "soon"}) {
    const auto refusal = refusal_of("linger.ms", value);
    REQUIRE(refusal);
    CHECK_FALSE(refusal->empty());
    CHECK(refusal->find('\n') == std::string::npos);
  }
}

TEST_CASE("property_names: has what can be misspelt", "[kafka]") {
  const auto names = property_names();
  CHECK(std::count(names.begin(), names.end(), "fetch.min.bytes") == 1);
  CHECK(std::count(names.begin(), names.end(), "compression.level") == 1);
}

}  // namespace
}  // namespace weir::kafka
