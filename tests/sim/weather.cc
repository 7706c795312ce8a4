#include "sim/weather.h"

namespace weir::test {

Weather Weather::calm() {
  Weather weather;
  weather.storm_steps = 60;
  weather.commit_records = 3;
  return weather;
}

Weather Weather::of(std::uint64_t seed, Dice& dice) {
  Weather weather;
  // Without the dice: the other histories are what they were before there was a retention.
  weather.retention = seed % 7 == 3;
  weather.switches = 1 + dice.below(8);
  weather.crash_rate = 20 + dice.below(100);
  weather.crashes = dice.below(5);
  weather.faults = dice.one_in(3) ? 0 : 4 + dice.below(30);
  weather.storm_steps = 100 + dice.below(400);
  weather.power_loss = dice.one_in(2);
  weather.outages = dice.one_in(4);
  weather.expiring_transactions = dice.one_in(4);
  weather.stops = dice.one_in(3);
  weather.new_partition = dice.one_in(5);
  weather.second_machine = dice.one_in(3);
  weather.takeovers = dice.one_in(2);
  weather.restored_disk = dice.one_in(6);
  weather.lost_disk = dice.one_in(10);
  weather.expiry = dice.one_in(8);
  weather.deleted_epoch_topic = dice.one_in(12);
  weather.moved_group = dice.one_in(10);
  weather.follows = dice.one_in(3);
  weather.rotate_always = dice.one_in(2);
  weather.workers = dice.one_in(2);
  weather.commit_records = 1 + dice.below(4);
  weather.bad_disk = dice.one_in(4);
  weather.poison = dice.one_in(8);
  weather.skips = dice.one_in(2);
  const std::uint64_t trigger = dice.below(6);
  weather.trigger = trigger == 0   ? Trigger::kAvailableNow
                    : trigger == 1 ? Trigger::kEvery
                                   : Trigger::kContinuous;
  // Nothing tells a new job from one whose every record is gone, and nothing tells an older copy
  // from the newest when what it would be held against is gone (epochs.md section 9).
  if (weather.expiry || weather.deleted_epoch_topic) {
    weather.lost_disk = weather.restored_disk = weather.second_machine = false;
  }
  return weather;
}

}  // namespace weir::test
