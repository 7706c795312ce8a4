#include "connectors/generate/pace.h"

#include <algorithm>
#include <cmath>

namespace weir::generate {
namespace {

// Ten years of nanoseconds times a million records exceed 64 bits.
__extension__ using Wide = __int128;

}  // namespace

Pace Pace::rate(double records_per_second) {
  constexpr std::int64_t kSeconds = 1'000'000;
  const double records = std::round(records_per_second * static_cast<double>(kSeconds));
  return {std::max<std::int64_t>(1, static_cast<std::int64_t>(records)),
          std::chrono::seconds(kSeconds)};
}

std::int64_t Pace::due(std::chrono::nanoseconds elapsed) const {
  if (elapsed.count() < 0) return 0;
  return 1 + static_cast<std::int64_t>(Wide{elapsed.count()} * records / per.count());
}

std::chrono::nanoseconds Pace::due_at(std::int64_t index) const {
  const Wide nanos = (Wide{index} * per.count() + records - 1) / records;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(nanos));
}

}  // namespace weir::generate
