#include "support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/check.h"

namespace weir::test {
namespace {

sockaddr_in loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A socket at a free port of the loopback, with its address.
int bind_somewhere(std::string& address) {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback();
  auto* const general = reinterpret_cast<sockaddr*>(&at);
  socklen_t size = sizeof at;
  WEIR_CHECK(bind(made, general, size) == 0 && getsockname(made, general, &size) == 0,
             "the loopback has free ports");
  address = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  return made;
}

}  // namespace

HttpReply HttpReply::of(int status, const std::string& body, const std::string& headers) {
  return {.bytes = "HTTP/1.1 " + std::to_string(status) + " Word\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body};
}

HttpServer::HttpServer(std::function<HttpReply(const std::string& request)> script)
    : script_(std::move(script)), listener_(bind_somewhere(address_)) {
  WEIR_CHECK(listen(listener_, 16) == 0, "a bound socket listens");
  thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::vector<std::string> HttpServer::requests() const {
  const MutexLock lock(mutex_);
  return requests_;
}

void HttpServer::serve() {
  while (true) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    answer(connection);
    close(connection);
  }
}

void HttpServer::answer(int connection) {
  std::string head;
  std::array<char, 4096> some{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = recv(connection, some.data(), some.size(), 0);
    if (got <= 0) return;
    head.append(some.data(), static_cast<std::size_t>(got));
  }
  const std::string request = head.substr(0, head.find(" HTTP/"));
  {
    const MutexLock lock(mutex_);
    requests_.push_back(request);
  }
  const HttpReply reply = script_(request);
  const auto send_all = [&] {
    return send(connection, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL) > 0;
  };
  send_all();
  while (reply.repeats && send_all()) {
  }
  if (!reply.stays_open) shutdown(connection, SHUT_WR);
  // Until the client has closed its side: closing first could take the answer from it.
  while (recv(connection, some.data(), some.size(), 0) > 0) {
  }
}

std::string closed_address() {
  std::string address;
  close(bind_somewhere(address));
  return address;
}

}  // namespace weir::test
