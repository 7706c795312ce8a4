#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "flow/decider.h"
#include "flow/lane_record.h"

namespace weir {

/// Pause before RECOVER after `failures` of them in a row: 1 s, doubled up to 60 s (epochs.md,
/// section 3). Pure.
std::chrono::seconds backoff(std::uint64_t failures);

/// What the open epoch has taken and written so far.
struct EpochProgress {
  MonoTime opened;
  std::uint64_t records = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  bool input_ended = false;  ///< every split has reached its end
  bool stopping = false;     ///< a drain was asked for
};
struct EpochLimits {
  std::chrono::microseconds every{};
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  ///< of input and of output, each
};
/// When the epoch is to be sealed: at once (a time that has passed) or by `commit.every`. Pure.
MonoTime next_seal(const EpochProgress& progress, const EpochLimits& limits);

enum class AfterCommit : unsigned char {
  kGoOn,     ///< decided; the next begin may follow
  kRotate,   ///< decided; a new handle, fence and stable read before the next begin
  kRecover,  ///< unknown: never "not committed"
};
/// The table of epochs.md section 3, for every commit of the cell. Pure.
AfterCommit on_commit_result(const Result<Verdict>& result, bool rotate_always);

/// Counts epochs that failed at the same positions for a reason that lies in their rows. What
/// happens between two of them (an outage, a fence) neither counts nor forgets.
///
/// Owned by the lane. Thread: the lane's.
class PoisonCounter {
 public:
  static constexpr int kAttempts = 3;

  /// Takes the failure of the epoch that began at `positions`. True when it was the third.
  bool failed(const Error& error, const SplitProgressMap& positions);
  void decided() { attempts_ = 0; }

 private:
  int attempts_ = 0;
  SplitProgressMap positions_;
};

}  // namespace weir
