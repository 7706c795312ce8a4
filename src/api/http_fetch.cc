#include "api/http_fetch.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/clock.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kConnectAgain{10};

class Exchange {
 public:
  Exchange(HttpFetch& fetch, std::size_t bytes_max) : fetch_(fetch), bytes_max_(bytes_max) {
    address_.sun_family = AF_UNIX;
    if (fetch.socket.size() >= sizeof address_.sun_path) {
      fail(ENAMETOOLONG);
      return;
    }
    std::memcpy(address_.sun_path, fetch.socket.data(), fetch.socket.size());
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) {
      fail(errno);
      return;
    }
    connect_on();
    out_ = fetch.method + " " + fetch.target +
           " HTTP/1.1\r\nHost: weir\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  }
  ~Exchange() {
    if (fd_ >= 0) close(fd_);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  bool done() const { return done_; }
  bool connected() const { return connected_; }
  // A unix socket whose queue is full cannot be waited for, only tried again.
  void connect_on() {
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0) {
      connected_ = true;
    } else if (errno != EAGAIN && errno != EINTR) {
      fail(errno);
    }
  }
  pollfd look() const {
    if (!connected_) return {.fd = -1, .events = 0, .revents = 0};
    return {.fd = fd_, .events = static_cast<short>(out_.empty() ? POLLIN : POLLOUT), .revents = 0};
  }
  void go_on() {
    if (!out_.empty()) return transmit();
    receive();
  }
  void give_up() { fail(ETIMEDOUT); }

 private:
  void fail(int error) {
    fetch_.error_number = error;
    fetch_.error = std::strerror(error);
    done_ = true;
  }

  void transmit() {
    const ssize_t sent = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) fail(errno);
      return;
    }
    out_.erase(0, static_cast<std::size_t>(sent));
  }

  void receive() {
    std::array<char, 65536> room{};
    const ssize_t got = recv(fd_, room.data(), room.size(), 0);
    if (got < 0) {
      if (errno != EAGAIN && errno != EINTR) fail(errno);
      return;
    }
    if (got == 0) return finish();
    in_.append(room.data(), static_cast<std::size_t>(got));
    if (in_.size() > bytes_max_) fail(EMSGSIZE);
  }

  // "HTTP/1.1 200 OK", headers, an empty line, the body up to the end.
  void finish() {
    done_ = true;
    const std::size_t head = in_.find("\r\n\r\n");
    const std::size_t blank = in_.find(' ');
    int status = 0;
    if (head != std::string::npos && blank < head && in_.starts_with("HTTP/1.")) {
      std::from_chars(in_.data() + blank + 1, in_.data() + head, status);
    }
    if (status < 100) return fail(EPROTO);
    fetch_.status = status;
    fetch_.body = in_.substr(head + 4);
  }

  HttpFetch& fetch_;
  const std::size_t bytes_max_;
  sockaddr_un address_{};
  int fd_ = -1;
  bool connected_ = false;
  bool done_ = false;
  std::string out_, in_;
};

}  // namespace

void fetch_all(std::vector<HttpFetch>& fetches, std::chrono::milliseconds limit,
               std::size_t bytes_max) {
  const SystemClock clock;
  const MonoTime deadline = clock.mono() + limit;
  std::vector<std::unique_ptr<Exchange>> all;
  for (HttpFetch& fetch : fetches) all.push_back(std::make_unique<Exchange>(fetch, bytes_max));
  while (true) {
    std::erase_if(all, [](const auto& exchange) { return exchange->done(); });
    if (all.empty()) return;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.mono());
    if (left.count() <= 0) {
      for (const auto& exchange : all) exchange->give_up();
      return;
    }
    std::vector<pollfd> look;
    for (const auto& exchange : all) look.push_back(exchange->look());
    const bool all_connected =
        std::all_of(all.begin(), all.end(), [](const auto& each) { return each->connected(); });
    poll(look.data(), look.size(),
         static_cast<int>((all_connected ? left : std::min(left, kConnectAgain)).count()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i]->connected()) {
        all[i]->connect_on();
      } else if (look[i].revents != 0) {
        all[i]->go_on();
      }
    }
  }
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    out += plain ? std::string(1, c) : std::string{'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  return out;
}

}  // namespace weir
