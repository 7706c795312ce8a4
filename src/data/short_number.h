#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "data/json_scan.h"

namespace weir {

/// What nearly all numbers of JSON are: [-]digits[.digits], at most eight on each side of the
/// point.
struct ShortNumber {
  std::uint64_t digits = 0;  ///< all of them, without the point
  int scale = 0;             ///< how many stand behind the point
  bool negative = false;
  bool ok = false;  ///< false: another kind of number, to be read in another way
};

namespace short_number {

constexpr std::array<std::uint64_t, 9> kPowers = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

/// The value of 1 to 8 digits at `at`, of which 8 bytes are readable. All are added up at once:
/// pairs, then fours, then eight (D. Lemire, "Quickly parsing eight digits").
inline std::uint64_t value_of(const char* at, std::size_t count) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
  // Zeros in front.
  bytes = (bytes & 0x0f0f0f0f0f0f0f0f) << (64 - 8 * count);
  bytes = bytes * 10 + (bytes >> 8U);
  constexpr std::uint64_t kMask = 0x000000ff000000ff;
  return ((bytes & kMask) * (1'000'000 * (std::uint64_t{1} << 32U) + 100) +
          ((bytes >> 16U) & kMask) * (10'000 * (std::uint64_t{1} << 32U) + 1)) >>
         32U;
}

}  // namespace short_number

/// Reads a JSON number token with kValuePadding readable bytes behind it.
inline ShortNumber read_short_number(std::string_view token) {
  ShortNumber number;
  number.negative = token.front() == '-';
  const char* const at = token.data() + (number.negative ? 1 : 0);
  const std::size_t size = token.size() - (number.negative ? 1 : 0);
  // Within one step: 8 digits, a point and 7 digits.
  if (size > json_scan::kStep) return number;
  const unsigned others = ~json_scan::digit_bits(at) & ((1U << size) - 1);
  if (others == 0) {
    number.ok = size <= 8;
    if (number.ok) number.digits = short_number::value_of(at, size);
    return number;
  }
  const auto whole = static_cast<std::size_t>(std::countr_zero(others));
  const std::size_t fraction = size - whole - 1;
  if ((others & (others - 1)) != 0 || at[whole] != '.' || whole > 8 || fraction > 8) return number;
  number.digits = short_number::value_of(at, whole) * short_number::kPowers[fraction] +
                  short_number::value_of(at + whole + 1, fraction);
  number.scale = static_cast<int>(fraction);
  number.ok = true;
  return number;
}

}  // namespace weir
