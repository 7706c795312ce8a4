#include "contract/follower_contract.h"

#include <catch2/catch.hpp>

#include "support/text_batch.h"

namespace weir::test {
namespace {

using Rows = std::vector<std::string>;

void renders_in_order(FollowerRig& rig) {
  Batch batch = text_batch({"a", "left out", "b"});
  batch.selection = {0, 2};
  Rows rows{"there already"};
  std::vector<RowError> errors;
  REQUIRE(rig.sink->render(batch, rows, errors));
  CHECK(errors.empty());
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == "there already");
  CHECK(rig.outside().empty());
}

void delivers_once(FollowerRig& rig) {
  const Rows first{"1", "2"};
  const Rows second{"3"};
  REQUIRE(rig.sink->deliver(EpochId{4}, first, rig.deadline));
  REQUIRE(rig.sink->deliver(EpochId{9}, second, rig.deadline));
  REQUIRE(rig.sink->deliver(EpochId{9}, second, rig.deadline));
  CHECK(rig.outside() == Rows{"1", "2", "3"});
  // A crash may have lost the cursor: an earlier epoch comes again.
  REQUIRE(rig.sink->deliver(EpochId{4}, first, rig.deadline));
  CHECK(rig.outside() == Rows{"1", "2", "3"});
}

}  // namespace

Contract<FollowerRig> follower_contract() {
  return {
      {"the selected rows are rendered, in order, and nobody sees them", &renders_in_order},
      {"an epoch that is delivered again is there once", &delivers_once},
  };
}

}  // namespace weir::test
