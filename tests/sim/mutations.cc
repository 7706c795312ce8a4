#include "sim/mutations.h"

#include <type_traits>

#include "support/mutant_decider.h"
#include "support/mutant_store.h"

namespace weir::test {

void build_in(Mutation mutation, ProcessSetup& setup, FakeCluster& cluster) {
  const auto decides = [&]<class Mutant>(std::type_identity<Mutant>) {
    setup.around_decider = [](std::unique_ptr<Decider> real) -> std::unique_ptr<Decider> {
      return std::make_unique<Mutant>(std::move(real));
    };
  };
  const auto stores = [&]<class Mutant>(std::type_identity<Mutant>) {
    setup.around_store = [](std::unique_ptr<EpochStore> real) -> std::unique_ptr<EpochStore> {
      return std::make_unique<Mutant>(std::move(real));
    };
  };
  switch (mutation) {
    case Mutation::kNone:
      return;
    case Mutation::kNoRotation:
      return decides(std::type_identity<NoRotation>());
    case Mutation::kTimeoutIsAbsent:
      return decides(std::type_identity<TimeoutIsAbsent>());
    case Mutation::kNoOwnerRecheck:
      return decides(std::type_identity<NoOwnerRecheck>());
    case Mutation::kClaimUnsynced:
      return stores(std::type_identity<UnsyncedClaim>());
    case Mutation::kLateOwner:
      return stores(std::type_identity<LateOwner>());
    case Mutation::kForgetsOwner:
      return stores(std::type_identity<ForgetsOwner>());
    case Mutation::kOldOwner:
      return decides(std::type_identity<OldOwner>());
    case Mutation::kNoRotationCheck:
      return decides(std::type_identity<NoRotationCheck>());
    case Mutation::kEpochUnsynced:
      setup.syncs_epochs = false;
      return;
    case Mutation::kShowsPrepared:
      setup.shows_prepared = true;
      return;
    case Mutation::kMirrorApart:
      return decides(std::type_identity<MirrorApart>());
    case Mutation::kForgetsApplied:
      return stores(std::type_identity<ForgetsApplied>());
    case Mutation::kFetchedPositions:
      setup.around_decider = [&cluster](std::unique_ptr<Decider> real) -> std::unique_ptr<Decider> {
        return std::make_unique<FetchedPositions>(std::move(real), cluster);
      };
      return;
  }
}

}  // namespace weir::test
