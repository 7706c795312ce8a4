#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "api/http_message.h"
#include "base/result.h"

namespace weir {

/// Answers one request. Thread: one of the server's; may block.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpServerOptions {
  /// Connections at once. One more takes the place of the oldest whose request has not arrived or
  /// waits for a thread, if that is older than `patience`; else it is turned away itself. Who is
  /// turned away is told kTooManyConnections.
  std::size_t connections_max = 64;
  std::chrono::milliseconds patience{500};
  /// For a request to arrive, and again for its answer to be taken: a client that is slower is told
  /// 408, or closed. Answering is bounded by the handler itself.
  std::chrono::milliseconds request_max{10'000};
  /// Threads that answer; 0: the one that reads does, for handlers that never block.
  std::size_t handler_threads = 0;
  /// Requests that the reading thread answers all the same, so that they are answered while every
  /// handler waits: their handler never blocks. Null: none.
  std::function<bool(const HttpRequest&)> is_quick = {};
};

/// Where a server listens: an open descriptor, and what to remove after it.
class HttpListener {
 public:
  /// A unix socket, 0600; its directory must be there. The socket of a process that is gone is
  /// replaced. Errors: kStopJob with kApiUnusable when the path is too long, is no socket, or a
  /// process answers there.
  static Result<HttpListener> open_socket(const std::string& path);
  /// "127.0.0.1:8080", "[::1]:8080". Port 0: the system chooses. Errors: as above.
  static Result<HttpListener> open_address(const std::string& address);
  ~HttpListener();
  HttpListener(HttpListener&& other) noexcept;
  HttpListener& operator=(HttpListener&&) = delete;

  int fd() const { return fd_; }
  /// "127.0.0.1:40123", or the path.
  const std::string& name() const { return name_; }

 private:
  HttpListener(int fd, std::string name, bool is_file)
      : fd_(fd), name_(std::move(name)), is_file_(is_file) {}
  int fd_;
  std::string name_;
  bool is_file_;
};

/// True when `address`, host:port, names this machine alone.
bool is_loopback(const std::string& address);

/// A small HTTP server: one thread holds all connections, each for one request, within bounds of
/// number, size and time that no client can pass. Not cpp-httplib: Debian's 0.11 cannot listen on a
/// unix socket, gives each connection a thread of its own for as long as the client likes, and
/// would bring OpenSSL and brotli into every job.
///
/// Owned by the API. Thread: any starts and ends it.
class HttpServer {
 public:
  /// `handler` outlives it. Errors: kStopJob when the process is out of resources.
  static Result<std::unique_ptr<HttpServer>> start(HttpListener listener,
                                                   const HttpServerOptions& options,
                                                   HttpHandler handler);
  /// Ends it: open connections are closed, a handler that runs is waited for.
  virtual ~HttpServer() = default;

  virtual const std::string& name() const = 0;
};

}  // namespace weir
