#include "data/time_unit.h"

#include <algorithm>
#include <string>

namespace weir {
namespace {

struct UnitName {
  std::string_view name;
  TimeUnit unit;
};

// PostgreSQL's words (datetime.c), in lower case and cut to ten characters, as it compares them.
constexpr UnitName kUnits[] = {
    {"c", TimeUnit::kCentury},
    {"cent", TimeUnit::kCentury},
    {"centuries", TimeUnit::kCentury},
    {"century", TimeUnit::kCentury},
    {"d", TimeUnit::kDay},
    {"day", TimeUnit::kDay},
    {"days", TimeUnit::kDay},
    {"dec", TimeUnit::kDecade},
    {"decade", TimeUnit::kDecade},
    {"decades", TimeUnit::kDecade},
    {"decs", TimeUnit::kDecade},
    {"dow", TimeUnit::kDayOfWeek},
    {"doy", TimeUnit::kDayOfYear},
    {"epoch", TimeUnit::kEpoch},
    {"h", TimeUnit::kHour},
    {"hour", TimeUnit::kHour},
    {"hours", TimeUnit::kHour},
    {"hr", TimeUnit::kHour},
    {"hrs", TimeUnit::kHour},
    {"isodow", TimeUnit::kIsoDayOfWeek},
    {"isoyear", TimeUnit::kIsoYear},
    {"j", TimeUnit::kJulian},
    {"jd", TimeUnit::kJulian},
    {"julian", TimeUnit::kJulian},
    {"m", TimeUnit::kMinute},
    {"microsecon", TimeUnit::kMicrosecond},
    {"mil", TimeUnit::kMillennium},
    {"millennia", TimeUnit::kMillennium},
    {"millennium", TimeUnit::kMillennium},
    {"millisecon", TimeUnit::kMillisecond},
    {"mils", TimeUnit::kMillennium},
    {"min", TimeUnit::kMinute},
    {"mins", TimeUnit::kMinute},
    {"minute", TimeUnit::kMinute},
    {"minutes", TimeUnit::kMinute},
    {"mon", TimeUnit::kMonth},
    {"mons", TimeUnit::kMonth},
    {"month", TimeUnit::kMonth},
    {"months", TimeUnit::kMonth},
    {"ms", TimeUnit::kMillisecond},
    {"msec", TimeUnit::kMillisecond},
    {"mseconds", TimeUnit::kMillisecond},
    {"msecs", TimeUnit::kMillisecond},
    {"qtr", TimeUnit::kQuarter},
    {"quarter", TimeUnit::kQuarter},
    {"s", TimeUnit::kSecond},
    {"sec", TimeUnit::kSecond},
    {"second", TimeUnit::kSecond},
    {"seconds", TimeUnit::kSecond},
    {"secs", TimeUnit::kSecond},
    {"timezone", TimeUnit::kZone},
    {"timezone_h", TimeUnit::kZone},
    {"timezone_m", TimeUnit::kZone},
    {"us", TimeUnit::kMicrosecond},
    {"usec", TimeUnit::kMicrosecond},
    {"useconds", TimeUnit::kMicrosecond},
    {"usecs", TimeUnit::kMicrosecond},
    {"w", TimeUnit::kWeek},
    {"week", TimeUnit::kWeek},
    {"weeks", TimeUnit::kWeek},
    {"y", TimeUnit::kYear},
    {"year", TimeUnit::kYear},
    {"years", TimeUnit::kYear},
    {"yr", TimeUnit::kYear},
    {"yrs", TimeUnit::kYear},
};

}  // namespace

std::optional<TimeUnit> find_time_unit(std::string_view name) {
  std::string cut(name.substr(0, 10));
  std::transform(cut.begin(), cut.end(), cut.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  for (const UnitName& unit : kUnits) {
    if (unit.name == cut) return unit.unit;
  }
  return std::nullopt;
}

}  // namespace weir
