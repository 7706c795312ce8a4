#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace weir::test {

/// What a scripted server does with a request.
struct HttpReply {
  std::string bytes = {};   ///< as they go over the wire, headers included
  bool repeats = false;     ///< the last of them again and again, until the client has enough
  bool stays_open = false;  ///< after them silence, until the client has enough
  /// A whole answer.
  static HttpReply of(int status, const std::string& body, const std::string& headers = {});
};

/// An HTTP server on the loopback that says what a test tells it to, one connection after the
/// other.
///
/// Owned by the test, outlives its clients. Thread: the test's; `script` runs on the server's.
class HttpServer {
 public:
  /// `script` gets a request's first line without the version: "GET /webhdfs/v1/x?op=...".
  explicit HttpServer(std::function<HttpReply(const std::string& request)> script);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "127.0.0.1:12345"
  const std::string& address() const { return address_; }
  std::vector<std::string> requests() const WEIR_EXCLUDES(mutex_);

 private:
  void serve();
  void answer(int connection);

  const std::function<HttpReply(const std::string&)> script_;
  std::string address_;
  const int listener_;  // behind the address, which it fills in
  mutable Mutex mutex_;
  std::vector<std::string> requests_ WEIR_GUARDED_BY(mutex_);
  std::thread thread_;
};

/// An address of the loopback that nobody listens at.
std::string closed_address();

}  // namespace weir::test
