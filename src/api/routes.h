#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/http_message.h"

namespace weir {

/// Something that is answered. In `path` a part in braces stands for any one part, which is handed
/// to the handler: "/v1/jobs/{name}/stop". A GET answers HEAD as well.
struct Route {
  std::string_view method;
  std::string_view path;
};

/// A route and who answers it.
template <class Api>
struct RouteTo : Route {
  HttpResponse (Api::*answer)(const HttpRequest& request, const std::string& name);
};

/// What stands in `path` for the part in braces of `pattern` ("" when it has none); nothing when
/// `path` is not of that form. Pure.
std::optional<std::string> match_path(std::string_view pattern, std::string_view path);

/// 404, or 405 with `Allow` where other methods are answered at that path. Pure.
HttpResponse no_route(const HttpRequest& request, std::span<const Route> routes);

template <class Api>
HttpResponse answer_by(std::span<const RouteTo<Api>> routes, Api& api, const HttpRequest& request) {
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  for (const RouteTo<Api>& route : routes) {
    if (route.method != method) continue;
    if (const auto name = match_path(route.path, request.path)) {
      return (api.*route.answer)(request, *name);
    }
  }
  return no_route(request, std::vector<Route>(routes.begin(), routes.end()));
}

/// True when the request's query has `name` with that value.
bool asks_for(const HttpRequest& request, const std::string& name, std::string_view value);

/// A web page must not reach the API through the browser of somebody who may: neither by a name of
/// its own that it has point here, nor by sending a form across. Given a request that came to the
/// address `listen`, the response that refuses it, or nothing. Where a `token` is needed a page
/// that does not have it gets nowhere, and any host name goes. Pure.
std::optional<HttpResponse> refuse_foreign(const HttpRequest& request, std::string_view listen,
                                           bool token);

}  // namespace weir
