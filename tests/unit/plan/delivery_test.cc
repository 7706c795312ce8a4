#include "plan/delivery.h"

#include <catch2/catch.hpp>

#include "spec/parse.h"

namespace weir {
namespace {

const std::string kKafka = R"({ kafka: { brokers: "a:1", topics: [in] }, format: raw })";
const std::string kOther = R"({ kafka: { brokers: "b:1", topics: [in] }, format: raw })";
const std::string kTicks = "{ generate: { every: 1s } }";
const std::string kOut = R"({ kafka: { brokers: "a:1", topic: out }, format: json })";
const std::string kElsewhere = R"({ kafka: { brokers: "b:1", topic: out }, format: json })";
const std::string kStdout = "{ stdout: {} }";

// "kafka a:1 light: transaction follower", or the first mistake.
std::string planned(const std::vector<std::string>& sources, const std::vector<std::string>& sinks,
                    const std::string& delivery = "{}") {
  std::string text = "version: 1\njob: j\nsources:\n";
  for (std::size_t i = 0; i < sources.size(); ++i) {
    text += "  s" + std::to_string(i) + ": " + sources[i] + "\n";
  }
  text += "sinks:\n";
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    text += "  o" + std::to_string(i) + ": " + sinks[i] + "\n";
  }
  Diagnostics diagnostics;
  const auto job = parse_job("job.yaml", text + "delivery: " + delivery + "\n", {}, diagnostics);
  INFO(diagnostics.render());
  REQUIRE(job);
  REQUIRE_FALSE(diagnostics.has_errors());
  const Delivery made = plan_delivery(*job, diagnostics);
  if (diagnostics.has_errors()) {
    const std::string said = diagnostics.render();
    const std::size_t from = said.find("]: ") + 3;
    return said.substr(from, said.find('\n') - from);
  }
  std::string shown(to_string(made.by));
  if (made.cluster) shown += " " + made.cluster->cluster.bootstrap();
  shown += made.light ? " light:" : " heavy:";
  for (const SinkRole role : made.sinks) {
    shown += role == SinkRole::kTransaction ? " transaction"
             : role == SinkRole::kPlain     ? " plain"
                                            : " follower";
  }
  return shown;
}

}  // namespace

TEST_CASE("delivery: who decides when the file does not say", "[plan]") {
  CHECK(planned({kKafka}, {kOut}) == "sink a:1 light: transaction");
  CHECK(planned({kKafka}, {kStdout}) == "kafka a:1 heavy: follower");
  CHECK(planned({kTicks}, {kStdout}) == "checkpoint heavy: follower");
  CHECK(planned({kTicks}, {kOut}) == "sink a:1 heavy: transaction");
  CHECK(planned({kKafka}, {kOut, kStdout}) == "sink a:1 heavy: transaction follower");
  // Two clusters: the one that is written.
  CHECK(planned({kKafka}, {kElsewhere}) == "sink b:1 heavy: transaction");
  // Where a source is, when a sink writes there too.
  CHECK(planned({kTicks, kOther}, {kElsewhere}) == "sink b:1 heavy: transaction");
}

TEST_CASE("delivery: at_least_once writes at once, and the input's cluster decides", "[plan]") {
  const std::string once = "{ guarantee: at_least_once }";
  CHECK(planned({kKafka}, {kOut}, once) == "kafka a:1 light: plain");
  CHECK(planned({kKafka}, {kOut, kElsewhere}, once) == "kafka a:1 light: plain plain");
  CHECK(planned({kTicks}, {kOut}, once) == "checkpoint heavy: plain");
  CHECK(planned({kKafka}, {kOut}, "{ guarantee: at_least_once, offsets: checkpoint }") ==
        "checkpoint heavy: plain");
}

TEST_CASE("delivery: what would be weaker than asked is refused", "[plan]") {
  CHECK(planned({kKafka}, {kOut, kElsewhere}) ==
        "sink \"o1\" writes another cluster than the one whose transaction decides, so its rows "
        "could repeat after a crash");
  CHECK(planned({kKafka}, {kOut}, "{ offsets: kafka }") ==
        "with `offsets: kafka` the rows of sink \"o0\" could repeat after a crash");
  CHECK(planned({kKafka}, {kStdout}, "{ offsets: checkpoint }") == "checkpoint heavy: follower");
}

}  // namespace weir
