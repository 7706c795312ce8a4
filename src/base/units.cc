#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 6> kDurationUnits{{{"us", 1},
                                              {"ms", 1'000},
                                              {"s", 1'000'000},
                                              {"m", 60'000'000},
                                              {"h", 3'600'000'000},
                                              {"d", 86'400'000'000}}};
constexpr std::array<Unit, 9> kSizeUnits{{{"B", 1},
                                          {"kB", 1'000},
                                          {"KiB", 1ULL << 10U},
                                          {"MB", 1'000'000},
                                          {"MiB", 1ULL << 20U},
                                          {"GB", 1'000'000'000},
                                          {"GiB", 1ULL << 30U},
                                          {"TB", 1'000'000'000'000},
                                          {"TiB", 1ULL << 40U}}};
constexpr double kDurationMax = 10'000.0 * 86'400e6;
// 2^63: sizes also travel as signed numbers.
constexpr double kSizeMax = 9.2e18;

// Splits "1.5h" into digits and unit; nothing unless digits[.digits] stand in front.
std::optional<std::pair<double, std::string_view>> split_number(std::string_view text) {
  std::size_t end = 0;
  bool dot = false;
  while (end < text.size() &&
         ((text[end] >= '0' && text[end] <= '9') || (text[end] == '.' && !dot && end > 0))) {
    dot = dot || text[end] == '.';
    ++end;
  }
  if (end == 0 || text[end - 1] == '.') return std::nullopt;
  double number = 0;
  const auto [last, error] = std::from_chars(text.data(), text.data() + end, number);
  if (error != std::errc{} || last != text.data() + end) return std::nullopt;
  return std::pair{number, text.substr(end)};
}

template <std::size_t N>
std::optional<double> parse_with(const std::array<Unit, N>& units, std::string_view text) {
  const auto split = split_number(text);
  if (!split) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name == split->second) return split->first * static_cast<double>(unit.factor);
  }
  return std::nullopt;
}

// The largest unit of which `value` is a whole number.
template <std::size_t N>
std::string format_with(const std::array<Unit, N>& units, std::uint64_t value,
                        const Unit& zero_unit) {
  if (value == 0) return "0" + std::string(zero_unit.name);
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && unit.factor >= best->factor) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  const std::optional<double> value = parse_with(kDurationUnits, text);
  if (!value || *value > kDurationMax) return std::nullopt;
  return std::chrono::microseconds(std::llround(*value));
}

std::string format_duration(std::chrono::microseconds duration) {
  if (duration.count() < 0) return "-" + format_duration(-duration);
  return format_with(kDurationUnits, static_cast<std::uint64_t>(duration.count()),
                     kDurationUnits[2]);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const std::optional<double> value = parse_with(kSizeUnits, text);
  if (!value || *value > kSizeMax) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*value));
}

std::string format_size(std::uint64_t bytes) {
  return format_with(kSizeUnits, bytes, kSizeUnits.front());
}

std::optional<std::uint64_t> parse_percent(std::string_view text) {
  std::uint64_t percent = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, percent);
  if (error != std::errc{} || std::string_view(last, end) != "%") return std::nullopt;
  return percent;
}

std::string format_percent(std::uint64_t percent) { return std::to_string(percent) + "%"; }

std::optional<double> parse_rate(std::string_view text) {
  const auto split = split_number(text);
  if (!split || split->second != "/s") return std::nullopt;
  return split->first;
}

}  // namespace weir
