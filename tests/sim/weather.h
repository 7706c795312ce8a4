#pragma once

#include <cstdint>

#include "base/random.h"

namespace weir::test {

/// Dice with a seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t next() { return random_.next(); }
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  /// Never for 0.
  bool one_in(std::uint64_t n) { return n != 0 && below(n) == 0; }

 private:
  SeededRandom random_;
};

/// What can happen in one history. Most histories have a few of the faults, so that each meets each
/// other one in some.
struct Weather {
  std::uint64_t switches = 0;    ///< one in so many places; 0 never
  std::uint64_t crash_rate = 0;  ///< one in so many places
  std::uint64_t crashes = 0;     ///< at most
  std::uint64_t faults = 0;      ///< one in so many requests
  std::uint64_t storm_steps = 0;
  bool power_loss = false;
  bool outages = false;
  bool expiring_transactions = false;
  bool stops = false;  ///< a person stops the job now and then
  bool new_partition = false;
  bool second_machine = false;  ///< started by mistake, with an empty disk or a copy
  bool takeovers = false;       ///< ... and told to take over before the end
  bool restored_disk = false;   ///< an older copy is put back
  bool lost_disk = false;
  bool expiry = false;  ///< cell or mirror expire while nothing runs
  bool deleted_epoch_topic = false;
  bool moved_group = false;  ///< somebody resets the group
  bool bad_disk = false;     ///< writes of the store fail
  bool poison = false;       ///< records of which no row can be written
  bool skips = false;        ///< ... and a person leaves them out
  bool retention = false;    ///< records are deleted, read or not; `on_data_loss: earliest`
  bool follows = false;      ///< D records and a follower
  bool rotate_always = true;
  bool workers = false;  ///< two of them
  enum class Trigger : unsigned char { kContinuous, kAvailableNow, kEvery };
  Trigger trigger = Trigger::kContinuous;
  std::uint64_t commit_records = 0;

  static Weather calm();
  static Weather of(std::uint64_t seed, Dice& dice);
};

}  // namespace weir::test
