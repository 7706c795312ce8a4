#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Reads a duration with its unit: us, ms, s, m, h or d after a whole or decimal number ("250ms",
/// "1.5h"). Nothing for a bare number, a negative one, an unknown unit, or over 10,000 days.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back: "1s", "250ms", "90m".
std::string format_duration(std::chrono::microseconds duration);

/// Reads a size in bytes: B, kB, MB, GB, TB (powers of 1,000), KiB, MiB, GiB, TiB (of 1,024).
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

/// Reads a share in whole percents: "150%". Nothing for a bare number.
std::optional<std::uint64_t> parse_percent(std::string_view text);
std::string format_percent(std::uint64_t percent);

/// Reads a rate per second: "20000/s".
std::optional<double> parse_rate(std::string_view text);

}  // namespace weir
