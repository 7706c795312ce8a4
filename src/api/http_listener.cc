#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "api/http_server.h"

namespace weir {
namespace {

constexpr int kBacklog = 128;

Error unusable(const std::string& where, const std::string& why) {
  return {Action::kStopJob, Code::kApiUnusable, "the API cannot listen at " + where + ": " + why};
}

Error failed(const std::string& where) { return unusable(where, std::strerror(errno)); }

bool somebody_answers(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int done = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // A full queue of connections is somebody too.
  const bool answers = done == 0 || errno == EAGAIN || errno == EINPROGRESS;
  close(fd);
  return answers;
}

struct HostPort {
  std::string host, port;
};

HostPort split(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, colon == std::string::npos ? "" : address.substr(colon + 1)};
}

struct AddressList {
  explicit AddressList(const HostPort& at) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    error =
        getaddrinfo(at.host.empty() ? nullptr : at.host.c_str(), at.port.c_str(), &hints, &first);
  }
  ~AddressList() {
    if (first != nullptr) freeaddrinfo(first);
  }
  AddressList(const AddressList&) = delete;
  AddressList& operator=(const AddressList&) = delete;

  addrinfo* first = nullptr;
  int error = 0;
};

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(address);
    return (ntohl(in->sin_addr.s_addr) >> 24U) == 127;
  }
  const auto* in = reinterpret_cast<const sockaddr_in6*>(address);
  return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
}

}  // namespace

bool is_loopback(const std::string& address) {
  const AddressList found(split(address));
  if (found.error != 0) return false;
  for (const addrinfo* each = found.first; each != nullptr; each = each->ai_next) {
    if (!is_loopback(each->ai_addr)) return false;
  }
  return true;
}

Result<HttpListener> HttpListener::open_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return unusable(path, "a socket's path has at most 107 bytes; name a shorter runtime_dir");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat facts {};
  if (lstat(path.c_str(), &facts) == 0) {
    if (!S_ISSOCK(facts.st_mode)) return unusable(path, "something that is no socket stands there");
    if (somebody_answers(address)) return unusable(path, "another process answers there");
    unlink(path.c_str());
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(path);
  HttpListener listener(fd, path, false);
  // Whoever may connect is decided before anybody can.
  const mode_t before = umask(0177);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  umask(before);
  if (!bound) return unusable(path, std::strerror(error));
  listener.is_file_ = true;
  if (listen(fd, kBacklog) != 0) return failed(path);
  return listener;
}

Result<HttpListener> HttpListener::open_address(const std::string& address) {
  const HostPort at = split(address);
  const AddressList found(at);
  if (found.error != 0) return unusable(address, gai_strerror(found.error));
  const addrinfo& first = *found.first;
  const int fd = socket(first.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(address);
  HttpListener listener(fd, address, false);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, first.ai_addr, first.ai_addrlen) != 0 || listen(fd, kBacklog) != 0) {
    return failed(address);
  }
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  std::array<char, 16> port{};
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
      getnameinfo(reinterpret_cast<sockaddr*>(&own), size, nullptr, 0, port.data(),
                  static_cast<socklen_t>(port.size()), NI_NUMERICSERV) == 0) {
    listener.name_ = address.substr(0, address.rfind(':') + 1) + port.data();
  }
  return listener;
}

HttpListener::~HttpListener() {
  if (fd_ < 0) return;
  if (is_file_) unlink(name_.c_str());
  close(fd_);
}

HttpListener::HttpListener(HttpListener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      name_(std::move(other.name_)),
      is_file_(std::exchange(other.is_file_, false)) {}

}  // namespace weir
