#include "connectors/kafka/bearer_token.h"

#include <catch2/catch.hpp>

namespace weir::kafka {
namespace {

const WallTime kNow{std::chrono::seconds(1'700'000'000)};

TEST_CASE("read_bearer_token: a JWT says how long it counts and whose it is", "[kafka]") {
  // {"alg":"none"} and {"sub":"weir?","exp":1800000000.5}, whose base64url has a _ in it.
  const std::string text = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ3ZWlyPyIsImV4cCI6MTgwMDAwMDAwMC41fQ.";
  const BearerToken token = read_bearer_token(text, kNow);
  CHECK(token.text == text);
  CHECK(token.expires_ms == 1'800'000'000'000);
  CHECK(token.principal == "weir?");
}

TEST_CASE("read_bearer_token: any other token counts for five minutes", "[kafka]") {
  const std::string text = GENERATE("opaque", "a.b", "a.!.c", "a.bm8ganNvbg.c", "a.e30.c", "");
  const BearerToken token = read_bearer_token(text, kNow);
  CHECK(token.text == text);
  CHECK(token.expires_ms == 1'700'000'300'000);
  CHECK(token.principal == "weir");
}

}  // namespace
}  // namespace weir::kafka
