#include "base/nearest.h"

#include <catch2/catch.hpp>

namespace weir {

TEST_CASE("nearest: finds slips and leaves the rest alone", "[base]") {
  const std::vector<std::string_view> known{"window", "filter", "id", "drain_timeout"};
  CHECK(nearest("widow", known) == "window");
  CHECK(nearest("fliter", known) == "filter");
  CHECK(nearest("Filter", known) == "filter");
  CHECK(nearest("drain-timeout", known) == "drain_timeout");
  CHECK(nearest("di", known) == "id");
  CHECK(nearest("xy", known).empty());
  CHECK(nearest("aggregate", known).empty());
  CHECK(nearest("", known).empty());
}

}  // namespace weir
