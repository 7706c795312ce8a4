#pragma once

#include <vector>

namespace weir::test {

/// One promise of a contract of flow/, as a test that every implementation passes. `check` takes
/// a rig: how to make the thing, and how to look at it from outside.
template <class Rig>
struct Clause {
  const char* says;
  void (*check)(Rig& rig);
};

/// A contract is a list of clauses; a test of an implementation is
///
///   for (const auto& clause : decider_contract()) {
///     DYNAMIC_SECTION(clause.says) { KafkaRig rig; clause.check(rig); }
///   }
template <class Rig>
using Contract = std::vector<Clause<Rig>>;

}  // namespace weir::test
