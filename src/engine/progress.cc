#include "engine/progress.h"

namespace weir {

MonoTime ProgressReports::due(const LaneStatus& status) const {
  return has_news(status) ? said_at_ + kEvery : MonoTime::max();
}

std::optional<std::string> ProgressReports::report(const LaneStatus& status, MonoTime now) {
  if (now < due(status)) return std::nullopt;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - said_at_);
  std::string text = std::to_string(status.rows_in - rows_in_) + " records in, " +
                     std::to_string(status.rows_out - rows_out_) + " rows out, " +
                     std::to_string(status.epochs - epochs_) + " epochs in " +
                     std::to_string(seconds.count()) + " s";
  if (status.lag_records) text += "; lag " + std::to_string(*status.lag_records);
  if (status.rows_skipped > 0) text += "; " + std::to_string(status.rows_skipped) + " skipped";
  if (status.rows_dead > 0) text += "; " + std::to_string(status.rows_dead) + " dead letters";
  said_at_ = now;
  epochs_ = status.epochs;
  rows_in_ = status.rows_in;
  rows_out_ = status.rows_out;
  return text;
}

}  // namespace weir
