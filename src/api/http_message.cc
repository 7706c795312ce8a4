#include "api/http_message.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "api/json_text.h"

namespace weir {
namespace {

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case kTooManyConnections:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing for a percent sign without its two digits, and for a zero byte.
std::optional<std::string> decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]);
      const int low = digit(text[i + 2]);
      if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool read_target(std::string_view target, HttpRequest& request) {
  if (!target.starts_with('/')) return false;
  const std::size_t mark = target.find('?');
  const auto path = decoded(target.substr(0, mark), false);
  if (!path) return false;
  request.path = *path;
  if (mark == std::string_view::npos) return true;
  std::string_view query = target.substr(mark + 1);
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    const std::size_t equals = part.find('=');
    const auto name = decoded(part.substr(0, equals), true);
    const auto value =
        equals == std::string_view::npos ? std::string() : decoded(part.substr(equals + 1), true);
    if (!name || !value) return false;
    if (!name->empty()) request.query[*name] = *value;
  }
  return true;
}

}  // namespace

HttpResponse error_response(int status, std::string_view message) {
  return {.status = status, .body = "{\"error\":" + json_quoted(message) + "}\n"};
}

std::string to_bytes(const HttpResponse& response, bool without_body) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    std::string(reason(response.status)) +
                    "\r\nContent-Type: " + response.content_type +
                    "\r\nContent-Length: " + std::to_string(response.body.size()) +
                    "\r\nConnection: close\r\nCache-Control: no-store"
                    "\r\nX-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  out += "\r\n";
  if (!without_body) out += response.body;
  return out;
}

RequestReader::Step RequestReader::read(std::string_view bytes) {
  in_ += bytes;
  if (!has_head_) {
    Step step = read_head();
    if (!has_head_) return step;
  }
  if (in_.size() < body_bytes_) return More{};
  request_.body = in_.substr(0, body_bytes_);
  return std::move(request_);
}

RequestReader::Step RequestReader::read_head() {
  const std::size_t end = in_.find("\r\n\r\n");
  if (std::min(end, in_.size()) > kHeadBytesMax) {
    return error_response(431, "the request's head is longer than 16 KiB");
  }
  if (end == std::string::npos) return More{};
  const HttpResponse malformed = error_response(400, "this is no HTTP request");
  std::string_view head = std::string_view(in_).substr(0, end);
  const auto next_line = [&head] {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    return line;
  };

  const std::string_view first = next_line();
  const std::size_t blank = first.find(' ');
  const std::size_t last = first.rfind(' ');
  if (blank == std::string_view::npos || last == blank) return malformed;
  request_.method = first.substr(0, blank);
  const std::string_view version = first.substr(last + 1);
  if (!is_token(request_.method) || !version.starts_with("HTTP/")) return malformed;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return error_response(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (!read_target(first.substr(blank + 1, last - blank - 1), request_)) return malformed;

  while (!head.empty()) {
    const std::string_view line = next_line();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return malformed;
    const std::string name = lower(line.substr(0, colon));
    const auto [entry, added] =
        request_.headers.emplace(name, std::string(trimmed(line.substr(colon + 1))));
    // Two of these are how requests are smuggled past whoever reads the other one.
    const bool once = name == "content-length" || name == "authorization" || name == "host" ||
                      name == "origin" || name == "transfer-encoding";
    if (!added && once) return malformed;
  }
  if (request_.headers.contains("transfer-encoding")) {
    return error_response(501, "a body in chunks is not taken; send a Content-Length");
  }
  if (const auto length = request_.headers.find("content-length");
      length != request_.headers.end()) {
    const std::string& text = length->second;
    const auto got = std::from_chars(text.data(), text.data() + text.size(), body_bytes_);
    if (got.ec == std::errc::result_out_of_range) body_bytes_ = kBodyBytesMax + 1;
    if (got.ec == std::errc::invalid_argument || got.ptr != text.data() + text.size()) {
      return malformed;
    }
    if (body_bytes_ > kBodyBytesMax) {
      return error_response(413, "the request's body is longer than 64 KiB");
    }
  }
  if (version == "HTTP/1.1" && !request_.headers.contains("host")) {
    return error_response(400, "a request of HTTP/1.1 names its Host");
  }
  in_.erase(0, end + 4);
  has_head_ = true;
  return More{};
}

}  // namespace weir
