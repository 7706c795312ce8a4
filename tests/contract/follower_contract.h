#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "contract/clause.h"
#include "flow/sink.h"

namespace weir::test {

struct FollowerRig {
  std::unique_ptr<FollowerSink> sink;
  MonoTime deadline;
  /// Every row that the outside world has, in order.
  std::function<std::vector<std::string>()> outside;
};

Contract<FollowerRig> follower_contract();

}  // namespace weir::test
