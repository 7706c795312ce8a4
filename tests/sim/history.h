#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "sim/mutations.h"

namespace weir::test {

struct HistoryOptions {
  std::uint64_t seed = 0;
  Mutation mutation = Mutation::kNone;
  /// Calm but for one crash, at that place of the run; the seed's weather otherwise.
  std::optional<std::uint64_t> crash_at;
  bool loses_power = false;       ///< at that crash
  std::ostream* trace = nullptr;  ///< what happens, line by line
};

struct HistoryResult {
  std::string violation;         ///< the invariant that was broken, empty when none was
  std::string ending;            ///< "finished", or the HALT that needs a person
  std::uint64_t trace_hash = 0;  ///< of everything that happened, in order (I13)
  std::uint64_t places = 0;      ///< where a crash could have been
  std::uint64_t epochs = 0, claims = 0, crashes = 0, halts = 0, takeovers = 0;
  std::uint64_t lost = 0;  ///< records that were gone before they were read
};

/// Runs one lane's life: input arrives, processes run, crash and start, requests come late, brokers
/// go away, a second machine is started by mistake, as the seed says; then the faults end, and the
/// lane must read everything to its end or be in a HALT that what has happened explains. Every
/// transaction that the cluster commits meets the Auditor.
///
/// The same options give the same history, on every machine.
HistoryResult run_history(const HistoryOptions& options);

}  // namespace weir::test
