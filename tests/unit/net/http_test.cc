#include "net/http.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "support/http_server.h"

namespace weir {
namespace {

using test::HttpReply;
using test::HttpServer;

Result<HttpAnswer> get(const std::string& address,
                       std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
  const auto client = HttpClient::open();
  REQUIRE(client);
  return (*client)->send({.url = "http://" + address + "/path?a=b", .timeout = timeout});
}

TEST_CASE("HTTP client: status and body, whatever they are", "[net]") {
  for (const int status : {200, 201, 404, 403, 500}) {
    const HttpServer server([&](const std::string&) { return HttpReply::of(status, "body"); });
    const Result<HttpAnswer> answer = get(server.address());
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK(answer->body == "body");
    CHECK(server.requests() == std::vector<std::string>{"GET /path?a=b"});
  }
}

TEST_CASE("HTTP client: PUT and DELETE, and GET again", "[net]") {
  const HttpServer server([](const std::string&) { return HttpReply::of(200, ""); });
  const auto client = HttpClient::open();
  REQUIRE(client);
  for (const HttpMethod method :
       {HttpMethod::kPut, HttpMethod::kDelete, HttpMethod::kGet, HttpMethod::kPut}) {
    REQUIRE((*client)->send({.method = method, .url = "http://" + server.address() + "/x"}));
  }
  CHECK(server.requests() == std::vector<std::string>{"PUT /x", "DELETE /x", "GET /x", "PUT /x"});
}

TEST_CASE("HTTP client: a redirect is an answer, and is not followed", "[net]") {
  const HttpServer server([](const std::string&) {
    return HttpReply::of(307, "", "Location: http://elsewhere.invalid/x\r\n");
  });
  const Result<HttpAnswer> answer = get(server.address());
  REQUIRE(answer);
  CHECK(answer->status == 307);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("HTTP client: a body of 10 GB is given up at its bound", "[net]") {
  const HttpServer server([](const std::string&) {
    return HttpReply{
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + std::string(8192, 'x'),
        .repeats = true};
  });
  const Result<HttpAnswer> answer = get(server.address());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message() == "the answer is longer than 65536 bytes");
}

TEST_CASE("HTTP client: the time-out is of everything", "[net]") {
  SECTION("silence") {
    const HttpServer server([](const std::string&) { return HttpReply{.stays_open = true}; });
    const Result<HttpAnswer> answer = get(server.address(), std::chrono::milliseconds(50));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message() == "Timeout was reached");
  }
  SECTION("a part of an answer, then silence") {
    const HttpServer server([](const std::string&) {
      return HttpReply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbody",
                       .stays_open = true};
    });
    CHECK_FALSE(get(server.address(), std::chrono::milliseconds(50)));
  }
}

TEST_CASE("HTTP client: nobody listens, nobody has that name, no HTTP", "[net]") {
  const Result<HttpAnswer> refused = get(test::closed_address());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().action() == Action::kRetry);
  // The same each time, for a log that says what is new.
  CHECK(refused.error().message() == "Couldn't connect to server");
  CHECK_FALSE(get("weir-has-no-such-host.invalid:9870"));
  const HttpServer other([](const std::string&) { return HttpReply{.bytes = "220 mail\r\n"}; });
  CHECK_FALSE(get(other.address()));
  const HttpServer torn([](const std::string&) {
    return HttpReply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbody"};
  });
  CHECK_FALSE(get(torn.address()));
}

TEST_CASE("HTTP client: another thread can end a request", "[net]") {
  std::promise<void> asked;
  const HttpServer server([&](const std::string&) {
    asked.set_value();
    return HttpReply{.stays_open = true};
  });
  const auto client = HttpClient::open();
  REQUIRE(client);
  std::thread other([&] {
    asked.get_future().wait();
    (*client)->cancel();
  });
  const HttpRequest request{.url = "http://" + server.address() + "/",
                            .timeout = std::chrono::hours(1)};
  CHECK_FALSE((*client)->send(request));
  other.join();
  CHECK_FALSE((*client)->send(request));
  CHECK(server.requests().size() == 1);
}

}  // namespace
}  // namespace weir
