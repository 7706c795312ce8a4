#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "api/daemon_api.h"
#include "api/http_message.h"
#include "api/job_api.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "base/random.h"
#include "data/arena.h"
#include "data/json.h"
#include "data/record.h"
#include "support/manual_clock.h"
#include "unit/api/fake_control.h"

namespace weir {
namespace {

/// A lane that stands still. Thread: any, immutable.
class StillLane final : public Lane {
 public:
  LaneOutcome run() override { return {}; }
  void request_stop() override {}
  std::shared_ptr<const LaneStatus> status() const override {
    auto status = std::make_shared<LaneStatus>();
    status->state = LaneState::kRunning;
    status->lag_records = 3;
    status->last_epoch = EpochTimes{.rows_in = 5};
    const SplitId split{.source = "n\"", .split = "0\n"};
    status->splits = std::make_shared<const SplitStatuses>(
        SplitStatuses{{split, {.first = {"1"}, .next = {"2"}, .records = 1, .lag_records = {}}}});
    return status;
  }
  std::string describe(const SplitId& /*split*/, const Position& position) const override {
    return position.bytes;
  }
  std::uint64_t turns() const override { return 0; }
  void poke() override {}
};

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> kSeeds = [] {
    std::vector<std::string> seeds;
    std::vector<Route> routes = DaemonApi::routes();
    for (const Route& route : JobApi::routes()) routes.push_back(route);
    for (const Route& route : routes) {
      std::string path(route.path);
      if (const std::size_t at = path.find("{name}"); at != std::string::npos) {
        path.replace(at, 6, "a");
      }
      for (const char* query :
           {"", "?format=text", "?takeover=1&parallel=3", "?dry_run=1&format=%74ext"}) {
        seeds.push_back(
            std::string(route.method) + " " + path + query +
            " HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: Bearer 0123456789abcdef"
            "\r\nOrigin: http://localhost:8080\r\nContent-Length: 3\r\n\r\nabc");
      }
    }
    return seeds;
  }();
  return kSeeds;
}

constexpr std::string_view kTokens[] = {"\r\n",
                                        "\r\n\r\n",
                                        "\n",
                                        " ",
                                        ":",
                                        "/",
                                        "//",
                                        "%",
                                        "%00",
                                        "%2f",
                                        "%0d%0a",
                                        "?",
                                        "&",
                                        "=",
                                        "+",
                                        "..",
                                        "{name}",
                                        "\0",
                                        "\xff",
                                        "HEAD",
                                        "POST",
                                        "HTTP/1.0",
                                        "Content-Length: 99999999999999999999\r\n",
                                        "Content-Length: 0\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "Host: evil\r\n",
                                        "4294967296",
                                        "-1",
                                        "parallel=0",
                                        "takeover=1"};

std::string mutated(Random& random) {
  std::string bytes = seeds()[random.below(seeds().size())];
  for (std::uint64_t steps = random.below(6); steps > 0 && !bytes.empty(); --steps) {
    const std::size_t at = random.below(bytes.size());
    const std::size_t size = random.below(std::min<std::size_t>(bytes.size() - at, 40) + 1);
    switch (random.below(6)) {
      case 0:
        bytes[at] = static_cast<char>(random.next());
        break;
      case 1:
        bytes.erase(at, size);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, size));
        break;
      case 3:
        bytes.insert(at, kTokens[random.below(std::size(kTokens))]);
        break;
      case 4: {
        const std::string& other = seeds()[random.below(seeds().size())];
        bytes = bytes.substr(0, at) + other.substr(random.below(other.size()));
        break;
      }
      default:
        bytes.insert(at, std::string(random.below(40'000), 'a'));
        break;
    }
  }
  return bytes;
}

// What comes of `bytes`, in pieces as a network would bring them.
RequestReader::Step read_in_pieces(const std::string& bytes, Random& random) {
  RequestReader reader;
  RequestReader::Step step = RequestReader::More{};
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min<std::size_t>(1 + random.below(5000), bytes.size() - at);
    step = reader.read(std::string_view(bytes).substr(at, size));
    if (!std::holds_alternative<RequestReader::More>(step)) return step;
    at += size;
  }
  return step;
}

bool is_json(std::string text) {
  const std::size_t size = text.size();
  text.resize(size + kValuePadding);
  return !find_json_mistake(std::string_view(text).substr(0, size));
}

// Whatever was asked, the answer is one that a client can read.
void check_answer(const HttpResponse& response, bool head) {
  static const std::set<int> kKnown{200, 202, 400, 403, 404, 405, 409,
                                    411, 413, 431, 501, 503, 505};
  CHECK(kKnown.contains(response.status));
  if (response.content_type == "application/json") CHECK(is_json(response.body));
  const std::string bytes = to_bytes(response, head);
  const std::string front = bytes.substr(0, bytes.find("\r\n\r\n"));
  // The status, five lines of every answer, and those of this one: nobody's bytes make another.
  CHECK(std::count(front.begin(), front.end(), '\n') ==
        static_cast<std::ptrdiff_t>(5 + response.headers.size()));
  CHECK(bytes.size() == front.size() + 4 + (head ? 0 : response.body.size()));
}

DaemonReport odd_report() {
  JobReport failed;
  failed.name = "a";
  failed.state = JobState::kFailed;
  failed.why = "\x01\n";
  JobReport away;
  away.name = "b c";
  away.pid = 1;
  away.socket = "/nowhere";
  DaemonReport report;
  report.problems = {{.file = "x\n\"", .job = "", .text = "\xff"}};
  report.jobs = {failed, away};
  return report;
}

std::uint64_t requests_to_make() {
  const char* const given = std::getenv("WEIR_FUZZ_REQUESTS");
  return given == nullptr ? 100'000 : std::strtoull(given, nullptr, 10);
}

}  // namespace

TEST_CASE("api: whatever bytes are sent, they are refused, or answered as the route says") {
  const char* const given = std::getenv("WEIR_FUZZ_SEED");
  const std::uint64_t seed = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
  CAPTURE(seed);
  SeededRandom random(seed);
  const test::ManualClock clock;
  FakeSupervisorControl control(odd_report());
  DaemonApi daemon(control, clock);
  JobApi job({.job = "a", .version = "1", .plan = "plan\n", .socket = "/nowhere"}, clock);
  StillLane lane;
  job.on_lane(lane);

  std::uint64_t answered = 0;
  std::uint64_t done = 0;
  for (std::uint64_t left = requests_to_make(); left > 0; --left) {
    const std::string bytes = mutated(random);
    const RequestReader::Step step = read_in_pieces(bytes, random);
    if (const auto* refusal = std::get_if<HttpResponse>(&step)) check_answer(*refusal, false);
    const auto* request = std::get_if<HttpRequest>(&step);
    if (request == nullptr) continue;
    ++answered;
    control.told.clear();
    const bool head = request->method == "HEAD";
    if (const auto refused = refuse_foreign(*request, "127.0.0.1:8080", false)) {
      check_answer(*refused, head);
    }
    const HttpResponse response = daemon.answer(*request);
    check_answer(response, head);
    // Only a POST that was taken does anything, and it does one thing.
    const bool does = request->method == "POST" && response.status < 300;
    CHECK(control.told.size() == (does ? 1 : 0));
    done += control.told.size();
    check_answer(job.answer(*request), head);
  }
  CHECK(answered > requests_to_make() / 20);
  CHECK(done > requests_to_make() / 100);
  job.on_lane_gone();
}

TEST_CASE("metrics: whatever a process answers, its lines stand below their own names") {
  SeededRandom random(3);
  MetricsPage own;
  own.add("weir_a_total", MetricKind::kCounter, "A.", {{"job", "a\"\\\n"}}, 1);
  own.add("weir_b", MetricKind::kGauge, "B.", {}, 2);
  for (std::uint64_t left = requests_to_make() / 10; left > 0; --left) {
    std::string page = own.render();
    for (std::uint64_t flips = random.below(6); flips > 0; --flips) {
      page[random.below(page.size())] = static_cast<char>(random.next());
    }
    MetricsPage merged;
    merged.add_page(page);
    merged.add_page(own.render());
    std::string text = merged.render();
    while (!text.empty()) {
      const std::string line = text.substr(0, text.find('\n'));
      text.erase(0, line.size() + 1);
      CHECK((line.starts_with("weir_") || line.starts_with("# HELP weir_") ||
             line.starts_with("# TYPE weir_")));
    }
  }
}

}  // namespace weir
