#include "job/status_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/terminal_text.h"

namespace weir {
namespace {

constexpr std::string_view kBetween = " · ";

std::string rate(std::uint64_t before, std::uint64_t now, std::chrono::microseconds apart) {
  const double seconds = std::chrono::duration<double>(apart).count();
  if (now <= before || seconds <= 0) return "0/s";
  return grouped(std::llround(static_cast<double>(now - before) / seconds)) + "/s";
}

std::string_view state_text(LaneState state) {
  return state == LaneState::kWaitingForKafka ? "waiting for Kafka" : to_string(state);
}

std::string milliseconds_text(std::chrono::microseconds time) {
  return fmt::format("{} ms", time.count() / 1000);
}

}  // namespace

std::string status_line(std::string_view job, const LaneStatus& before, const LaneStatus& now,
                        std::chrono::microseconds apart, std::size_t width) {
  std::string line = cut_to_width(fmt::format("{} {}", job, state_text(now.state)), width);
  std::vector<std::string> parts;
  const bool waits = now.state == LaneState::kStarting || now.state == LaneState::kWaitingForKafka;
  // Why it waits is all that a person wants to know then.
  if (waits && !now.last_error.empty()) {
    line += kBetween;
    return cut_to_width(line + in_one_row(now.last_error), width);
  }
  if (now.state != LaneState::kStarting) {
    parts.push_back("epoch " + grouped(now.epoch.value()));
    parts.push_back(rate(before.rows_in, now.rows_in, apart) + " in");
    parts.push_back(rate(before.rows_out, now.rows_out, apart) + " out");
    if (now.lag_records && *now.lag_records >= 0)
      parts.push_back("lag " + grouped(*now.lag_records));
    if (now.rows_skipped > 0) parts.push_back(grouped(now.rows_skipped) + " skipped");
    if (now.rows_dead > 0) parts.push_back(grouped(now.rows_dead) + " dead letters");
    if (now.offsets_lost > 0) parts.push_back(grouped(now.offsets_lost) + " lost");
    if (now.recovers > 0) parts.push_back(grouped(now.recovers) + " recovered");
    parts.push_back(grouped(now.rows_in) + " records read");
  }
  for (const std::string& part : parts) {
    if (row_width(line) + row_width(kBetween) + row_width(part) > width) break;
    line.append(kBetween).append(part);
  }
  return line;
}

std::string final_summary(const LaneStatus& status, std::chrono::microseconds ran) {
  if (status.start_to_claim.count() == 0) {
    return fmt::format("{} before it began to read, after {:.1f} s", to_string(status.state),
                       std::chrono::duration<double>(ran).count());
  }
  std::string text = fmt::format(
      "{} at epoch {}: {} records in, {} rows out, {} skipped, {}{}{} epochs, {} doubts, {} "
      "recoveries in {:.1f} s",
      to_string(status.state), status.epoch.value(), status.rows_in, status.rows_out,
      status.rows_skipped,
      status.rows_dead > 0 ? fmt::format("{} dead letters, ", status.rows_dead) : std::string(),
      status.offsets_lost > 0 ? fmt::format("{} offsets lost, ", status.offsets_lost)
                              : std::string(),
      status.epochs, status.doubts, status.recovers, std::chrono::duration<double>(ran).count());
  text += "; start to claim " + milliseconds_text(status.start_to_claim);
  if (status.start_to_first_record)
    text += ", to first record taken " + milliseconds_text(*status.start_to_first_record);
  return text;
}

}  // namespace weir
