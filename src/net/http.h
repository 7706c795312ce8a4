#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"

namespace weir {

enum class HttpMethod : unsigned char { kGet, kPut, kDelete };

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;  ///< kPut sends an empty body
  std::string url;                       ///< http or https
  /// Of everything: name, connection, TLS, answer. A server that trickles gains nothing.
  std::chrono::milliseconds timeout{5000};
};

/// What a server said, whatever it was.
struct HttpAnswer {
  int status = 0;
  std::string body = {};
};

struct HttpOptions {
  std::string ca = {};  ///< PEM file of the authorities; empty: the system's
  std::size_t body_bytes_max = 64ULL * 1024;
  bool negotiate = false;  ///< SPNEGO, by the process's Kerberos ticket (net/kerberos.h)
};

/// Speaks HTTP/1.1, one request at a time, each on a connection of its own, so that every answer is
/// one of now. Follows no redirect, keeps no cookie, asks no proxy and no .netrc; certificates and
/// host names are verified.
///
/// libcurl is loaded by the first client of the process, not linked: with it come 18 more
/// libraries, for which a job that asks no HTTP server has no use.
///
/// Owned by whoever asks. Thread: its owner's; cancel() any.
class HttpClient {
 public:
  /// Errors: kStopJob when libcurl cannot be loaded.
  static Result<std::unique_ptr<HttpClient>> open(HttpOptions options = {});
  virtual ~HttpClient() = default;

  /// Blocks until the answer is there, for request.timeout at most.
  /// Errors: kRetry, saying what is wrong: no connection, no answer in time, one that is too long.
  virtual Result<HttpAnswer> send(const HttpRequest& request) = 0;
  /// Has send() return now, and every later one at once.
  virtual void cancel() = 0;
};

}  // namespace weir
