#include "connectors/kafka/bearer_token.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "data/base64.h"
#include "data/json.h"
#include "data/record.h"

namespace weir::kafka {
namespace {

// The middle one of three parts, in base64url without padding.
std::optional<std::string> payload_of(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  std::string part(token.substr(first + 1, second - first - 1));
  std::replace(part.begin(), part.end(), '-', '+');
  std::replace(part.begin(), part.end(), '_', '/');
  part.append((4 - part.size() % 4) % 4, '=');
  return parse_base64(part);
}

}  // namespace

BearerToken read_bearer_token(std::string text, WallTime now) {
  const auto ms = [](WallTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  };
  BearerToken token{std::move(text), ms(now + std::chrono::minutes(5)), "weir"};
  std::optional<std::string> payload = payload_of(token.text);
  if (!payload) return token;
  Arena arena;
  const auto json = canonical_json(arena.copy(*payload, kValuePadding), arena);
  if (!json) return token;
  if (const auto subject = json_get(*json, "sub")) {
    token.principal = json_as_text(*subject, arena).value_or(token.principal);
  }
  // A number of seconds, which may have a fraction.
  if (const auto expires = json_get(*json, "exp")) {
    std::int64_t seconds = 0;
    const auto read = std::from_chars(expires->data(), expires->data() + expires->size(), seconds);
    constexpr std::int64_t kYear9999 = 253'402'300'799;
    if (read.ec == std::errc())
      token.expires_ms = std::clamp<std::int64_t>(seconds, 0, kYear9999) * 1000;
  }
  return token;
}

}  // namespace weir::kafka
