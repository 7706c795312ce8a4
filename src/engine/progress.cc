#include "engine/progress.h"

namespace weir {
namespace {

std::int64_t seconds_between(MonoTime from, MonoTime to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

}  // namespace

MonoTime ProgressReports::due(const LaneStatus& status) const {
  return has_news(status) ? said_at_ + kEvery : MonoTime::max();
}

std::optional<std::string> ProgressReports::report(const LaneStatus& status, MonoTime now) {
  if (now < due(status)) return std::nullopt;
  std::string text = "in the last " + std::to_string(seconds_between(said_at_, now)) +
                     " s: " + std::to_string(status.rows_in - said_.rows_in) + " records in, " +
                     std::to_string(status.rows_out - said_.rows_out) + " rows out";
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += ", " + std::to_string(count) + what;
  };
  add(status.rows_skipped - said_.rows_skipped, " skipped");
  add(status.rows_dead - said_.rows_dead, " dead letters");
  add(status.offsets_lost - said_.offsets_lost, " offsets lost");
  add(status.epochs - said_.epochs, " epochs");
  if (status.lag_records) text += "; lag now " + std::to_string(*status.lag_records);
  said_at_ = now;
  said_ = status;
  return text;
}

}  // namespace weir
