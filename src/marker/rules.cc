#include "marker/rules.h"

namespace weir {

MarkerStep MarkerRules::run() {
  started_ = true;
  return MarkerStep::kRun;
}

MarkerStep MarkerRules::on_check(MarkerVerdict verdict, MonoTime now) {
  if (verdict != MarkerVerdict::kGone) gone_since_.reset();
  if (verdict == MarkerVerdict::kExists) {
    seen_ = true;
    return run();
  }
  const bool creates = at_start_ == MarkerAtStart::kCreate;
  if (creates && !seen_ && !made_before_) return MarkerStep::kCreate;
  if (verdict == MarkerVerdict::kUnknown) {
    return creates || started_ ? run() : MarkerStep::kHold;
  }
  if (!gone_since_) gone_since_ = now;
  // Checks may come early, as when their thread is woken.
  if (now - *gone_since_ < check_every_) {
    return started_ ? MarkerStep::kRun : MarkerStep::kHold;
  }
  return seen_ || made_before_ ? MarkerStep::kStop : MarkerStep::kRefuse;
}

MarkerStep MarkerRules::on_created(bool there) {
  if (there) seen_ = true;
  return run();
}

}  // namespace weir
