#include "api/routes.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

constexpr Route kRoutes[] = {
    {"GET", "/v1/jobs"}, {"GET", "/v1/jobs/{name}"}, {"POST", "/v1/jobs/{name}/stop"}};

HttpRequest request(const std::string& method, const std::string& path,
                    std::map<std::string, std::string> headers = {}) {
  return {.method = method, .path = path, .query = {}, .headers = std::move(headers), .body = {}};
}

int foreign(const std::string& method, std::map<std::string, std::string> headers,
            bool token = false) {
  const auto refused =
      refuse_foreign(request(method, "/v1/reload", std::move(headers)), "weir.lan:8080", token);
  return refused ? refused->status : 0;
}

}  // namespace

TEST_CASE("routes: a path is of a form, and its part in braces is handed on") {
  CHECK(match_path("/v1/jobs", "/v1/jobs") == "");
  CHECK(match_path("/v1/jobs/{name}/stop", "/v1/jobs/a b/stop") == "a b");
  CHECK(match_path("/", "/") == "");
  for (const char* path : {"", "/", "/v1/jobs/", "/v1/jobs//stop", "/v1/jobs/a/stop/",
                           "v1/jobs/a/stop", "//v1/jobs/a/stop", "/v1/jobs/a/sto"}) {
    CAPTURE(path);
    CHECK_FALSE(match_path("/v1/jobs/{name}/stop", path));
    CHECK_FALSE(match_path("/v1/jobs", path));
  }
}

TEST_CASE("routes: what is not there is 404, another method 405 with those that are taken") {
  CHECK(no_route(request("GET", "/v1/job"), kRoutes).status == 404);
  const HttpResponse refused = no_route(request("DELETE", "/v1/jobs/a"), kRoutes);
  CHECK(refused.status == 405);
  CHECK(refused.headers.at("Allow") == "GET, HEAD");
  CHECK(no_route(request("GET", "/v1/jobs/a/stop"), kRoutes).headers.at("Allow") == "POST");
}

TEST_CASE("routes: by a foreign name nothing is answered, from a foreign page nothing is done") {
  CHECK(foreign("GET", {{"host", "127.0.0.1:8080"}}) == 0);
  CHECK(foreign("GET", {{"host", "[::1]:8080"}}) == 0);
  CHECK(foreign("GET", {{"host", "localhost"}}) == 0);
  CHECK(foreign("GET", {{"host", "weir.lan:8080"}}) == 0);  // as it is listened at
  CHECK(foreign("GET", {{"host", "evil.example:8080"}}) == 403);
  CHECK(foreign("GET", {{"host", "127.0.0.1.evil.example"}}) == 403);
  CHECK(foreign("GET", {{"host", "evil.example:8080"}}, true) == 0);  // the token is asked for
  CHECK(foreign("GET", {}) == 0);                                     // HTTP/1.0, no browser
  CHECK(foreign("POST", {{"host", "localhost:1"}}) == 0);             // a script
  CHECK(foreign("POST", {{"host", "localhost:1"}, {"origin", "http://localhost:1"}}) == 0);
  CHECK(foreign("POST", {{"host", "localhost:1"}, {"origin", "http://localhost:2"}}) == 403);
  CHECK(foreign("POST", {{"host", "localhost:1"}, {"origin", "null"}}, true) == 403);
  CHECK(foreign("POST", {{"host", "localhost:1"}, {"sec-fetch-site", "cross-site"}}) == 403);
  CHECK(foreign("GET", {{"host", "localhost:1"}, {"origin", "http://a.b"}}) == 0);
}

}  // namespace weir
