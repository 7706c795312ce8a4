#include "engine/skips.h"

#include <catch2/catch.hpp>

#include "unit/engine/mend_world.h"

namespace weir::mend_test {
namespace {

LaneRecord lane_with_skips() {
  LaneRecord lane;
  lane.splits[split(0)].position = at(40);
  lane.splits[split(1)].position = at(50);
  lane.skips[split(0)] = {at(39), at(40), at(90)};
  lane.skips[split(1)] = {at(7)};
  lane.skips[split(5)] = {at(7)};
  lane.skips[{"gone", "t/0"}] = {at(7)};
  return lane;
}

TEST_CASE("drop_passed_skips: keeps the records that are still to come", "[engine]") {
  const World world;
  std::vector<std::unique_ptr<Source>> sources;
  sources.push_back(std::make_unique<WorldSource>(world));
  LaneRecord lane = lane_with_skips();
  drop_passed_skips(lane, sources);
  CHECK(lane.skips == SkipMap{{split(0), {at(40), at(90)}}});
}

TEST_CASE("skips_of: gives a split's own", "[engine]") {
  const LaneRecord lane = lane_with_skips();
  CHECK(skips_of(lane, split(1)) == std::vector<Position>{at(7)});
  CHECK(skips_of(lane, split(3)).empty());
}

}  // namespace
}  // namespace weir::mend_test
