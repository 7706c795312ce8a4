#include "api/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/mutex.h"
#include "base/waker.h"

namespace weir {
namespace {

// One client, for one request.
struct Connection {
  enum class Phase : unsigned char { kReading, kHandling, kWriting, kLingering };

  std::uint64_t id = 0;
  int fd = -1;
  MonoTime accepted;
  MonoTime deadline;
  Phase phase = Phase::kReading;
  RequestReader reader = {};
  bool without_body = false;
  std::string out = {};
  std::size_t sent = 0;  // of `out`
};

struct Job {
  std::uint64_t connection = 0;
  HttpRequest request;
};

struct Answer {
  std::uint64_t connection = 0;
  HttpResponse response;
};

// The threads that answer, where handlers may block.
class Handlers {
 public:
  Handlers(std::size_t threads, const HttpHandler& handler, Mailbox<Answer>& answers)
      : handler_(handler), answers_(answers) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Handlers() {
    {
      const MutexLock lock(mutex_);
      ended_ = true;
      jobs_.clear();
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Handlers(const Handlers&) = delete;
  Handlers& operator=(const Handlers&) = delete;

  void send(Job job) WEIR_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

  // Takes it back. False when it is being answered already.
  bool forget(std::uint64_t connection) WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return jobs_.remove_if([&](const Job& job) { return job.connection == connection; }) > 0;
  }

 private:
  std::optional<Job> take() WEIR_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (jobs_.empty() && !ended_) wake_.wait(mutex_);
    if (ended_) return std::nullopt;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }
  void run() {
    while (std::optional<Job> job = take()) {
      answers_.send({job->connection, handler_(job->request)});
    }
  }

  const HttpHandler& handler_;
  Mailbox<Answer>& answers_;
  Mutex mutex_;
  CondVar wake_;
  std::list<Job> jobs_ WEIR_GUARDED_BY(mutex_);
  bool ended_ WEIR_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

class Server final : public HttpServer {
 public:
  Server(HttpListener listener, const HttpServerOptions& options, HttpHandler handler, Waker waker)
      : listener_(std::move(listener)),
        options_(options),
        handler_(std::move(handler)),
        waker_(std::move(waker)),
        answers_(&waker_),
        handlers_(options.handler_threads, handler_, answers_),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~Server() override {
    thread_.request_stop();
    waker_.wake();
    thread_.join();
    for (const Connection& connection : connections_) close(connection.fd);
  }

  const std::string& name() const override { return listener_.name(); }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> look;
      look.push_back({.fd = waker_.fd(), .events = POLLIN, .revents = 0});
      look.push_back({.fd = listener_.fd(), .events = POLLIN, .revents = 0});
      for (const Connection& connection : connections_) look.push_back(look_of(connection));
      poll(look.data(), look.size(), time_to_wait());
      if (look[0].revents != 0) waker_.wait(std::chrono::milliseconds(0));
      auto seen = look.begin() + 2;
      for (auto connection = connections_.begin(); connection != connections_.end(); ++seen) {
        const bool stays = serve(*connection, seen->revents);
        if (!stays) close(connection->fd);
        connection = stays ? std::next(connection) : connections_.erase(connection);
      }
      for (Answer& answer : answers_.take_all()) take(answer);
      if (look[1].revents != 0) accept_all();
    }
  }

  static pollfd look_of(const Connection& connection) {
    const short events = connection.phase == Connection::Phase::kWriting    ? POLLOUT
                         : connection.phase == Connection::Phase::kHandling ? 0
                                                                            : POLLIN;
    return {.fd = connection.fd, .events = events, .revents = 0};
  }

  int time_to_wait() const {
    MonoTime first = MonoTime::max();
    for (const Connection& connection : connections_) first = std::min(first, connection.deadline);
    if (first == MonoTime::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - clock_.mono());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }

  void accept_all() {
    while (true) {
      const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) return;
      if (connections_.size() >= options_.connections_max && !make_room()) {
        refuse(fd);
        continue;
      }
      const MonoTime now = clock_.mono();
      connections_.push_back(Connection{
          .id = ++last_id_, .fd = fd, .accepted = now, .deadline = now + options_.request_max});
    }
  }

  // Who connects and says nothing, or asks what takes long, must not keep others out: the oldest
  // that nothing is lost with gives way.
  bool make_room() {
    const MonoTime patient_until = clock_.mono() - options_.patience;
    for (auto oldest = connections_.begin(); oldest != connections_.end(); ++oldest) {
      if (oldest->accepted > patient_until) return false;
      const bool lingers = oldest->phase == Connection::Phase::kLingering;
      const bool waits =
          oldest->phase == Connection::Phase::kReading ||
          (oldest->phase == Connection::Phase::kHandling && handlers_.forget(oldest->id));
      if (!lingers && !waits) continue;
      if (lingers) close(oldest->fd);
      if (waits) refuse(oldest->fd);
      connections_.erase(oldest);
      return true;
    }
    return false;
  }

  // What fits into the socket's buffer is enough.
  static void refuse(int fd) {
    const std::string bytes =
        to_bytes(error_response(kTooManyConnections, "too many connections; try again"), false);
    send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    std::array<char, 4096> room{};
    // Unread bytes would have the kernel send a reset, and the answer be lost.
    [[maybe_unused]] const ssize_t ignored = recv(fd, room.data(), room.size(), 0);
    close(fd);
  }

  // False when the connection is at its end.
  bool serve(Connection& connection, short events) {
    if (clock_.mono() >= connection.deadline) return is_late(connection);
    if (events == 0) return true;
    switch (connection.phase) {
      case Connection::Phase::kReading:
        return receive(connection);
      case Connection::Phase::kHandling:
        if ((events & (POLLERR | POLLHUP)) == 0) return true;
        // Nobody waits for the answer any more; when it comes all the same, it is dropped.
        handlers_.forget(connection.id);
        return false;
      case Connection::Phase::kWriting:
        return transmit(connection);
      case Connection::Phase::kLingering:
        return drain(connection);
    }
    return false;
  }

  bool is_late(Connection& connection) {
    if (connection.phase != Connection::Phase::kReading) return false;
    return answer(connection, error_response(408, "the request did not arrive in time"));
  }

  bool receive(Connection& connection) {
    std::array<char, 16384> room{};
    const ssize_t got = recv(connection.fd, room.data(), room.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    RequestReader::Step step = connection.reader.read({room.data(), static_cast<std::size_t>(got)});
    if (auto* request = std::get_if<HttpRequest>(&step)) {
      connection.without_body = request->method == "HEAD";
      connection.phase = Connection::Phase::kHandling;
      connection.deadline = MonoTime::max();
      const bool is_quick = options_.is_quick && options_.is_quick(*request);
      if (options_.handler_threads == 0 || is_quick) return answer(connection, handler_(*request));
      handlers_.send({connection.id, std::move(*request)});
    } else if (const auto* response = std::get_if<HttpResponse>(&step)) {
      return answer(connection, *response);
    }
    return true;
  }

  bool answer(Connection& connection, const HttpResponse& response) {
    connection.out = to_bytes(response, connection.without_body);
    connection.phase = Connection::Phase::kWriting;
    connection.deadline = clock_.mono() + options_.request_max;
    return transmit(connection);
  }

  void take(Answer& answer_) {
    for (auto connection = connections_.begin(); connection != connections_.end(); ++connection) {
      if (connection->id != answer_.connection) continue;
      if (!answer(*connection, answer_.response)) {
        close(connection->fd);
        connections_.erase(connection);
      }
      return;
    }
  }

  bool transmit(Connection& connection) {
    while (connection.sent < connection.out.size()) {
      const ssize_t sent = send(connection.fd, connection.out.data() + connection.sent,
                                connection.out.size() - connection.sent, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return errno == EAGAIN;
      connection.sent += static_cast<std::size_t>(sent);
    }
    // The client closes first, so that what it still sends costs it no answer.
    shutdown(connection.fd, SHUT_WR);
    connection.phase = Connection::Phase::kLingering;
    connection.deadline = std::min(connection.deadline, clock_.mono() + std::chrono::seconds(1));
    return true;
  }

  static bool drain(Connection& connection) {
    std::array<char, 16384> room{};
    const ssize_t got = recv(connection.fd, room.data(), room.size(), 0);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
  }

  const HttpListener listener_;
  const HttpServerOptions options_;
  const HttpHandler handler_;
  const SystemClock clock_;
  const Waker waker_;
  Mailbox<Answer> answers_;
  std::list<Connection> connections_;
  std::uint64_t last_id_ = 0;
  Handlers handlers_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpListener listener,
                                                      const HttpServerOptions& options,
                                                      HttpHandler handler) {
  WEIR_ASSIGN(Waker waker, Waker::open());
  return std::unique_ptr<HttpServer>(
      std::make_unique<Server>(std::move(listener), options, std::move(handler), std::move(waker)));
}

}  // namespace weir
