#pragma once

#include <memory>

#include "flow/keyed_state.h"

namespace weir::test {

/// Maps in memory, and the plainest delta: every table that was taken away, then every key that was
/// touched with its value.
std::unique_ptr<KeyedState> make_fake_keyed_state();

}  // namespace weir::test
