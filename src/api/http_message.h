#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace weir {

struct HttpRequest {
  std::string method;  ///< "GET"
  std::string path;    ///< percent-decoded, without the query
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::map<std::string, std::string> headers = {};
};

/// The status of a request that was not carried out, since others were: it may be sent again.
constexpr int kTooManyConnections = 429;

/// `{"error": "..."}`.
HttpResponse error_response(int status, std::string_view message);

/// The bytes of `response`; the connection ends with it. Of a HEAD request without its body. Pure.
std::string to_bytes(const HttpResponse& response, bool without_body);

/// Reads one request (RFC 9112) as its bytes come: the part of HTTP/1.1 that scripts, Prometheus
/// and browsers use. Not taken: bodies in chunks, headers over several lines, more than one request
/// on a connection. Bounded whatever comes. Thread: its owner's.
class RequestReader {
 public:
  static constexpr std::size_t kHeadBytesMax = 16U << 10U;
  static constexpr std::size_t kBodyBytesMax = 64U << 10U;

  struct More {};
  using Step = std::variant<More, HttpRequest, HttpResponse>;

  /// What is known after `bytes`: more is needed, a request, or the response that refuses it. After
  /// one of these no more is taken.
  Step read(std::string_view bytes);

 private:
  Step read_head();

  std::string in_;
  bool has_head_ = false;
  std::size_t body_bytes_ = 0;
  HttpRequest request_;
};

}  // namespace weir
