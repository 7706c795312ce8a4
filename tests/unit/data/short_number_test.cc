#include "data/short_number.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/random.h"
#include "data/numeric.h"
#include "data/record.h"

namespace weir {
namespace {

// With other digits behind it, as a document may have.
ShortNumber read(const std::string& token) {
  const std::string padded = token + std::string(kValuePadding, '9');
  return read_short_number(std::string_view(padded).substr(0, token.size()));
}

TEST_CASE("read_short_number: at most eight digits on each side of the point") {
  for (const char* token : {"0", "-0", "7", "12345678", "0.5", "-1.50", "12345678.1234567",
                            "1234567.12345678", "-99999999.9999999"}) {
    INFO(token);
    const ShortNumber number = read(token);
    REQUIRE(number.ok);
    const auto digits = static_cast<Int128>(number.digits);
    std::string shown;
    append_numeric(shown, {digits, number.scale});
    CHECK((number.negative ? "-" : "") + shown == token);
  }
  for (const char* token : {"123456789", "1.123456789", "123456789.1", "1e5", "1.5E+7", "-1e-1",
                            "12345678.12345678", "12345678901234567890"}) {
    INFO(token);
    CHECK_FALSE(read(token).ok);
  }
}

TEST_CASE("read_short_number: is parse_numeric for short ones") {
  SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string token = random.below(3) == 0 ? "-" : "";
    token += std::to_string(random.below(std::uint64_t{1} << random.below(28)));
    if (random.below(2) == 0) {
      token += ".";
      for (std::uint64_t digits = 1 + random.below(9); digits > 0; --digits) {
        token += static_cast<char>('0' + random.below(10));
      }
    }
    const ShortNumber number = read(token);
    if (!number.ok) continue;
    INFO(token);
    const std::optional<Numeric> exact = parse_numeric(token);
    REQUIRE(exact.has_value());
    const auto digits = static_cast<Int128>(number.digits);
    REQUIRE((number.negative ? -digits : digits) == exact->unscaled);
    REQUIRE(number.scale == exact->scale);
  }
}

}  // namespace
}  // namespace weir
