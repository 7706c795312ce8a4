#pragma once

#include <functional>
#include <memory>

#include "contract/clause.h"
#include "flow/keyed_state.h"

namespace weir::test {

/// Makes empty states of one kind.
struct StateRig {
  std::function<std::unique_ptr<KeyedState>()> make;
};

Contract<StateRig> keyed_state_contract();

}  // namespace weir::test
