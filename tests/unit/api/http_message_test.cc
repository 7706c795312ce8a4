#include "api/http_message.h"

#include <catch2/catch.hpp>

#include "api/json_text.h"
#include "api/metrics.h"
#include "base/random.h"

namespace weir {
namespace {

RequestReader::Step read(const std::string& bytes) { return RequestReader().read(bytes); }

int refusal(const std::string& bytes) {
  const RequestReader::Step step = read(bytes);
  const auto* response = std::get_if<HttpResponse>(&step);
  return response == nullptr ? 0 : response->status;
}

}  // namespace

TEST_CASE("http: a request in whatever pieces it comes") {
  const std::string bytes =
      "POST /v1/jobs/a%20b/stop?x=1&format=te%78t+y HTTP/1.1\r\nHost: w\r\nAUTHORIZATION:  Bearer "
      "t \r\n"
      "Content-Length: 4\r\n\r\nbody";
  const std::size_t piece = GENERATE(1U, 7U, 1000U);
  RequestReader reader;
  RequestReader::Step step = RequestReader::More{};
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    REQUIRE(std::holds_alternative<RequestReader::More>(step));
    step = reader.read(std::string_view(bytes).substr(at, piece));
  }
  const auto* request = std::get_if<HttpRequest>(&step);
  REQUIRE(request != nullptr);
  CHECK(request->method == "POST");
  CHECK(request->path == "/v1/jobs/a b/stop");
  CHECK(request->query.at("x") == "1");
  CHECK(request->query.at("format") == "text y");
  CHECK(request->headers.at("authorization") == "Bearer t");
  CHECK(request->body == "body");
}

TEST_CASE("http: what is refused") {
  CHECK(refusal("hello\r\n\r\n") == 400);
  CHECK(refusal("GET x HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal("GET /%zz HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal("GET /%00 HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/2.0\r\n\r\n") == 505);
  CHECK(refusal("GET / HTTP/1.1\r\nno colon\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\n folded: x\r\n\r\n") == 400);
  CHECK(refusal("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == 501);
  CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n") == 413);
  CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") == 400);
  CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nx: " + std::string(20'000, 'a')) == 431);
}

TEST_CASE("http: whatever bytes come, there is an answer or more is wanted") {
  SeededRandom random(7);
  const std::string seed =
      "GET /v1/jobs?format=text HTTP/1.1\r\nHost: weir\r\nContent-Length: 3\r\n\r\nabc";
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = seed;
    for (std::uint64_t flips = random.below(8); flips > 0; --flips) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    }
    bytes.resize(random.below(bytes.size() + 1));
    RequestReader reader;
    const RequestReader::Step step = reader.read(bytes);
    if (const auto* response = std::get_if<HttpResponse>(&step)) CHECK(response->status >= 400);
  }
}

TEST_CASE("http: an answer has its length, and none of its body for HEAD") {
  const HttpResponse response{.body = "{}\n"};
  CHECK(to_bytes(response, false).ends_with("\r\n\r\n{}\n"));
  CHECK(to_bytes(response, true).ends_with("\r\n\r\n"));
  CHECK(to_bytes(response, true).find("Content-Length: 3\r\n") != std::string::npos);
}

TEST_CASE("json: texts are quoted whatever is in them") {
  CHECK(json_quoted("a\"b\\c\n\x01") == R"("a\"b\\c\n\u0001")");
  CHECK(json_quoted("gr\xc3\xbc\xc3\x9f") == "\"gr\xc3\xbc\xc3\x9f\"");
  CHECK(json_quoted("\xff\xc3") == R"("\ufffd\ufffd")");
  JsonWriter out;
  out.begin_map().key("a").begin_list().number(std::int64_t{1}).text("x").end_list();
  out.key("b").decimal(0.5).key("c").null().key("d").raw("{}").end_map();
  CHECK(out.take() == R"({"a":[1,"x"],"b":0.5,"c":null,"d":{}})");
}

TEST_CASE("metrics: pages of many jobs are one page, each metric with its head once") {
  MetricsPage a;
  a.add("weir_x_total", MetricKind::kCounter, "Help.", {{"job", "a\"\n"}}, 1);
  MetricsPage b;
  b.add("weir_x_total", MetricKind::kCounter, "Help.", {{"job", "b"}}, 2.5);
  b.add("weir_up", MetricKind::kGauge, "Up.", {}, 1);
  MetricsPage all;
  all.add_page(a.render());
  all.add_page(b.render() + "<html>\n");
  CHECK(all.render() ==
        "# HELP weir_up Up.\n# TYPE weir_up gauge\nweir_up 1\n"
        "# HELP weir_x_total Help.\n# TYPE weir_x_total counter\n"
        "weir_x_total{job=\"a\\\"\\n\"} 1\nweir_x_total{job=\"b\"} 2.5\n");
}

}  // namespace weir
