#include "supervisor/restart_policy.h"

#include <algorithm>

namespace weir {

std::uint32_t failures_in_window(RestartHistory& history, const RestartSpec& policy, WallTime now) {
  std::erase_if(history.failures, [&](WallTime at) { return at <= now - policy.window; });
  for (WallTime& at : history.failures) at = std::min(at, now);
  return static_cast<std::uint32_t>(history.failures.size());
}

void move_failures(RestartHistory& history, std::chrono::microseconds by) {
  for (WallTime& at : history.failures) at += by;
}

std::optional<std::chrono::microseconds> on_failure(RestartHistory& history,
                                                    const RestartSpec& policy, WallTime now,
                                                    std::chrono::microseconds ran, double jitter) {
  if (ran > policy.window) history.streak = 0;
  ++history.streak;
  history.failures.push_back(now);
  if (failures_in_window(history, policy, now) >= policy.max_attempts) return std::nullopt;

  std::chrono::microseconds pause = policy.backoff_initial;
  for (std::uint32_t i = 1; i < history.streak && pause < policy.backoff_max; ++i) pause *= 2;
  pause = std::min(pause, policy.backoff_max);
  const double factor = 0.8 + 0.4 * jitter;
  return std::chrono::microseconds(
      static_cast<std::int64_t>(static_cast<double>(pause.count()) * factor));
}

}  // namespace weir
