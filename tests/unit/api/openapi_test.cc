#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "api/daemon_api.h"
#include "api/embedded.h"
#include "api/job_api.h"
#include "data/arena.h"
#include "data/json.h"
#include "data/record.h"

namespace weir {
namespace {

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("openapi: has every route of the daemon and of a job's process, and no other") {
  std::string text(kOpenApi);
  text.resize(kOpenApi.size() + kValuePadding);
  Arena arena;
  const auto whole = canonical_json(std::string_view(text).substr(0, kOpenApi.size()), arena);
  REQUIRE(whole);
  const auto paths = json_get(*whole, "paths");
  REQUIRE(paths);

  std::map<std::string, std::set<std::string_view>> tags;  // by "get /v1/jobs"
  const auto add = [&](const std::vector<Route>& routes, std::string_view tag) {
    for (const Route& route : routes) {
      const std::string method = route.method == "GET" ? "get" : "post";
      CAPTURE(method, route.path);
      const auto path = json_get(*paths, route.path);
      REQUIRE(path);
      const auto operation = json_get(*path, method);
      REQUIRE(operation);
      CHECK(json_get(*operation, "tags")->find(tag) != std::string_view::npos);
      tags[method + " " + std::string(route.path)].insert(tag);
    }
  };
  add(DaemonApi::routes(), "\"daemon\"");
  add(JobApi::routes(), "\"job\"");
  CHECK(count(*paths, "\"operationId\"") == tags.size());
}

}  // namespace weir
