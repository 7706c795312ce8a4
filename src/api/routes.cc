#include "api/routes.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace weir {
namespace {

std::string_view take_part(std::string_view& path) {
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(part.size() + 1, path.size()));
  return part;
}

// "[::1]:8080" -> "::1"
std::string host_of(std::string_view address) {
  if (address.starts_with('[')) return std::string(address.substr(1, address.find(']') - 1));
  return std::string(address.substr(0, address.rfind(':')));
}

bool is_number(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> room{};
  return inet_pton(AF_INET, host.c_str(), room.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), room.data()) == 1;
}

std::string header(const HttpRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

}  // namespace

std::optional<std::string> match_path(std::string_view pattern, std::string_view path) {
  if (std::count(pattern.begin(), pattern.end(), '/') !=
      std::count(path.begin(), path.end(), '/')) {
    return std::nullopt;
  }
  std::string name;
  while (!pattern.empty() || !path.empty()) {
    const std::string_view wanted = take_part(pattern);
    const std::string_view part = take_part(path);
    if (wanted.starts_with('{')) {
      if (part.empty()) return std::nullopt;
      name = part;
    } else if (wanted != part) {
      return std::nullopt;
    }
  }
  return name;
}

HttpResponse no_route(const HttpRequest& request, std::span<const Route> routes) {
  std::string allowed;
  for (const Route& route : routes) {
    if (!match_path(route.path, request.path)) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method;
    if (route.method == "GET") allowed += ", HEAD";
  }
  if (allowed.empty()) {
    return error_response(
        404, "there is no " + request.path + "; /v1/openapi.json describes what there is");
  }
  HttpResponse refused = error_response(405, request.path + " takes " + allowed);
  refused.headers["Allow"] = allowed;
  return refused;
}

bool asks_for(const HttpRequest& request, const std::string& name, std::string_view value) {
  const auto found = request.query.find(name);
  return found != request.query.end() && found->second == value;
}

std::optional<HttpResponse> refuse_foreign(const HttpRequest& request, std::string_view listen,
                                           bool token) {
  const std::string host = header(request, "host");
  if (!host.empty() && !token) {
    const std::string name = host_of(host);
    if (name != "localhost" && name != host_of(listen) && !is_number(name)) {
      return error_response(
          403, "this is not " + name + "; ask by address or as localhost, or set api.token");
    }
  }
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  const std::string origin = header(request, "origin");
  const bool own_page = origin.empty() || origin == "http://" + host || origin == "https://" + host;
  const std::string site = header(request, "sec-fetch-site");
  const bool own_site = site.empty() || site == "same-origin" || site == "none";
  if (own_page && own_site) return std::nullopt;
  return error_response(403, "pages of other sites may not change anything here");
}

}  // namespace weir
