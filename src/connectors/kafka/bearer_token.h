#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace weir::kafka {

/// A token for SASL OAUTHBEARER, as librdkafka takes it.
struct BearerToken {
  std::string text;
  std::int64_t expires_ms = 0;  ///< since 1970; librdkafka asks for the next one before that
  std::string principal;
};

/// Of a JWT what its payload says (`exp`, `sub`); its signature is the brokers' to check. Any other
/// token is taken for five minutes, so that one which was replaced is taken up. Pure.
BearerToken read_bearer_token(std::string text, WallTime now);

}  // namespace weir::kafka
