#pragma once

#include "sim/process.h"

namespace weir::test {

/// A mistake that is built in around the fakes, and that histories must find.
enum class Mutation : unsigned char {
  kNone,
  kNoRotation,        ///< after a commit the same producer goes on, doubt or not
  kTimeoutIsAbsent,   ///< a stable read that timed out is taken for "there is none"
  kNoOwnerRecheck,    ///< the owner is not looked at again after the fence
  kClaimUnsynced,     ///< LANE is not synced before the claim is sent
  kLateOwner,         ///< LANE learns a claim's owner only behind its commit
  kForgetsOwner,      ///< a claim does not keep the owner that it found in the cell
  kOldOwner,          ///< epochs carry the owner that the claim found
  kNoRotationCheck,   ///< the cell is not looked at behind a rotation
  kEpochUnsynced,     ///< M1: D/<N> is not durable before the commit is sent
  kShowsPrepared,     ///< M2: a follower gets the rows of an epoch that is not decided
  kMirrorApart,       ///< M3: the mirror is committed in a transaction of its own
  kForgetsApplied,    ///< M5: D/<N+1> is written though LANE does not say N
  kFetchedPositions,  ///< M6: the mirror holds what was fetched
};

/// Builds the mistake in around the fakes of a process. `cluster` outlives it.
void build_in(Mutation mutation, ProcessSetup& setup, FakeCluster& cluster);

}  // namespace weir::test
