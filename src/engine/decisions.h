#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "flow/decider.h"
#include "flow/epoch_record.h"
#include "flow/lane_record.h"

namespace weir {

/// Pause before RECOVER after `failures` of them in a row: 1 s, doubled up to 60 s (epochs.md,
/// section 3). Pure.
std::chrono::seconds backoff(std::uint64_t failures);

/// True when brokers do not answer, or cannot do it now: the lane waits for them. Pure.
bool is_outage(Code code);

/// What the log says of a failure that is recovered from: state, code, cause, and for an
/// outage what to do. Pure.
std::string recovering_text(const Error& error);

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

/// What follows an attempt of an epoch in which a broker refused rows that the next attempt will
/// know (Code::kRowTooLarge).
enum class AfterRefusal : unsigned char {
  kAtOnce,   ///< it knows rows more, and nothing is gained by waiting
  kBackOff,  ///< knowing them seems not to help
  kHalt,     ///< and did not
};
/// `attempts` of them at one position, this one included. They end where a replay makes
/// the bytes that were refused again; rows that hold a time are others each time. Pure.
AfterRefusal after_refusal(std::uint64_t attempts);
/// Of Code::kRowsRefused, whose rows nobody knows, this many are HALT poison_epoch.
inline constexpr std::uint64_t kPoisonAttempts = 3;
/// With kHalt: what is known. `last`: what the last attempt failed with. Pure.
Error refused_for_ever(std::uint64_t attempts, const Error& last);

/// Counts, for each split, the epochs that failed at its position with one code, for a reason that
/// lies in their rows. What happens between two of them (an outage, a fence, epochs of other
/// splits) neither counts nor forgets.
///
/// Owned by the lane. Thread: the lane's.
class PoisonCounter {
 public:
  /// True when two positions are one place; null: when their bytes are.
  using Same = bool (*)(const Position& a, const Position& b);
  PoisonCounter(Code code, Same same) : code_(code), same_(same) {}

  /// Takes the failure of the epoch that began at `positions`; `splits` are those whose rows may be
  /// the reason. The largest count of one of them; 0 for another code.
  std::uint64_t failed(const Error& error, const SplitProgressMap& positions,
                       const std::vector<SplitId>& splits);
  /// An epoch that moved these was decided.
  void decided(const std::vector<SplitRange>& moved);

 private:
  struct Failures {
    Position at;
    std::uint64_t count = 0;
  };
  const Code code_;
  const Same same_;
  std::map<SplitId, Failures> failures_;
};

}  // namespace weir
