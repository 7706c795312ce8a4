#include "spec/parse.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

// A job that is right, with `extra` lines at its end.
std::string job_with(const std::string& extra) {
  return R"(version: 1
job: late
sources:
  flights:
    kafka: { brokers: "localhost:9092", topics: [flights] }
    format: json
    schema: "carrier text, dep_delay integer"
steps:
  - { id: late, filter: dep_delay > 60 }
sinks:
  out: { kafka: { brokers: "localhost:9092", topic: late }, format: json }
)" + extra;
}

JobSpec parsed(const std::string& text, const WeirConfig& config = {},
               const ParseOptions& options = {}) {
  Diagnostics diagnostics;
  const std::optional<JobSpec> spec = parse_job("job.yaml", text, config, diagnostics, options);
  INFO(diagnostics.render());
  REQUIRE(diagnostics.empty());
  return spec.value();
}

std::string mistakes(const std::string& text, const WeirConfig& config = {}) {
  Diagnostics diagnostics;
  parse_job("job.yaml", text, config, diagnostics);
  return diagnostics.render();
}

}  // namespace

TEST_CASE("parse_job: a small job has the documented defaults", "[spec]") {
  const JobSpec spec = parsed(job_with(""));
  CHECK(*spec.job == "late");
  CHECK(spec.identity() == "late");
  REQUIRE(spec.sources.size() == 1);
  const SourceSpec& source = spec.sources.front();
  CHECK(*source.name == "flights");
  CHECK(source.kafka.endpoint.cluster.bootstrap() == "localhost:9092");
  CHECK(source.kafka.endpoint.cluster.epoch_topic == "weir-epochs");
  CHECK(*source.kafka.topics.at(0) == "flights");
  CHECK(source.kafka.group == "weir.late");
  CHECK(source.kafka.start->kind == StartKind::kLatest);
  CHECK_FALSE(source.kafka.start.given);
  CHECK(source.kafka.end->kind == EndKind::kNone);
  CHECK(source.schema.text() == "carrier text, dep_delay integer");
  REQUIRE(spec.steps.size() == 1);
  CHECK(spec.steps[0].sql.text() == "dep_delay > 60");
  CHECK(spec.steps[0].kind == StepKind::kFilter);
  CHECK_FALSE(spec.steps[0].from.given);
  REQUIRE(spec.sinks.size() == 1);
  CHECK(spec.sinks[0].kafka.partitioner == Partitioner::kMurmur2Random);
  CHECK_FALSE(spec.sinks[0].kafka.key.given());
  CHECK(spec.commit.every == std::chrono::seconds(1));
  CHECK(spec.commit.records == 200'000);
  CHECK(spec.commit.bytes == 64U << 20U);
  CHECK(*spec.rotate == Rotate::kOnDoubt);
  CHECK(*spec.takeover == Takeover::kAsk);
  CHECK(spec.trigger->kind == TriggerKind::kContinuous);
  CHECK(spec.on_decode_error.rule == OnError::kFail);
  CHECK(spec.drain_timeout == std::chrono::seconds(60));
  CHECK_FALSE(spec.limits.threads.has_value());
  CHECK_FALSE(spec.limits.cpu_percent.has_value());
  CHECK(spec.limits.memory_bytes == 512U << 20U);
}

TEST_CASE("parse_job: every setting arrives", "[spec]") {
  const JobSpec spec = parsed(job_with(R"(generation: 3
delivery: { guarantee: exactly_once, commit: { every: 250ms, records: 5, bytes: 1MiB },
            rotate: always, takeover: auto, offsets: sink }
trigger: { every: 10s }
errors: { decode: skip, eval: skip }
stop: { drain_timeout: 5s }
limits: { threads: 3, memory: 64MiB, cpu: 150% }
)"));
  CHECK(spec.identity() == "late.g3");
  CHECK(spec.sources[0].kafka.group == "weir.late.g3");
  CHECK(spec.commit.every == std::chrono::milliseconds(250));
  CHECK(spec.commit.records == 5);
  CHECK(spec.commit.bytes == 1U << 20U);
  CHECK(*spec.rotate == Rotate::kAlways);
  CHECK(*spec.takeover == Takeover::kAuto);
  CHECK(spec.trigger->kind == TriggerKind::kEvery);
  CHECK(spec.trigger->every == std::chrono::seconds(10));
  CHECK(spec.on_decode_error.rule == OnError::kSkip);
  CHECK(spec.on_eval_error.rule == OnError::kSkip);
  CHECK(spec.drain_timeout == std::chrono::seconds(5));
  CHECK(spec.limits.threads == 3U);
  CHECK(spec.limits.memory_bytes == 64U << 20U);
  CHECK(spec.limits.cpu_percent == 150U);
}

TEST_CASE("parse_job: start, end and assign take every form", "[spec]") {
  const JobSpec spec = parsed(R"(version: 1
job: j
sources:
  a:
    kafka:
      brokers: [k1:9092, k2:9092]
      assign: { t: [0, 2] }
      group: g1
      start: { offsets: { t: { 0: 23, 2: 9223372036854775807 } } }
      end: { timestamp: 2026-01-01T00:00:00Z }
      properties: { fetch.min.bytes: 1000 }
    format: raw
  b:
    kafka: { brokers: [k2:9092, k1:9092], pattern: '^u\.', start: committed, end: latest, on_data_loss: earliest, refresh: 5m }
    format: raw
sinks:
  out:
    from: a
    kafka: { brokers: [k1:9092, k2:9092], topic: o, key: _key, partitioner: random, compression: zstd }
    format: raw
)");
  const KafkaSourceSpec& a = spec.sources.at(0).kafka;
  CHECK(a.assign.at("t") == std::vector<std::int32_t>{0, 2});
  CHECK(a.group == "g1");
  CHECK(a.group_at.length == 2);
  CHECK(a.start->kind == StartKind::kOffsets);
  CHECK(a.start.given);
  CHECK(a.start->offsets.at("t").at(2) == INT64_MAX);
  CHECK(a.end->kind == EndKind::kTimestamp);
  CHECK(a.end->timestamp_us == 1'767'225'600'000'000);
  CHECK(a.properties.at("fetch.min.bytes").value.resolve()->reveal() == "1000");
  CHECK(spec.sources.at(1).kafka.start->kind == StartKind::kCommitted);
  CHECK(spec.sources.at(1).kafka.end->kind == EndKind::kLatest);
  CHECK(*spec.sources.at(1).kafka.pattern == "^u\\.");
  CHECK(spec.sources.at(1).kafka.topics.empty());
  CHECK(spec.sources.at(1).kafka.on_data_loss == OnDataLoss::kEarliest);
  CHECK(spec.sources.at(1).kafka.refresh == std::chrono::minutes(5));
  CHECK_FALSE(a.pattern.given);
  CHECK(a.on_data_loss == OnDataLoss::kFail);
  CHECK(a.refresh == std::chrono::seconds(60));
  CHECK(*spec.sinks.at(0).from == "a");
  CHECK(spec.sinks.at(0).kafka.partitioner == Partitioner::kRandom);
  CHECK(spec.sinks.at(0).kafka.compression == Compression::kZstd);
}

TEST_CASE("parse_job: references are replaced in texts and never in SQL", "[spec]") {
  ParseOptions options;
  options.env = [](const std::string& name) -> std::optional<std::string> {
    return name == "TOPIC" ? std::optional<std::string>("flights-eu") : std::nullopt;
  };
  const std::string text = R"(version: 1
job: j
params: { n: { type: integer, default: 7 }, where: { type: text, default: "late-${env:TOPIC}" } }
sources:
  a: { kafka: { brokers: "k:9092", topics: ["${env:TOPIC}"] }, format: raw }
steps: [ { id: s, filter: "_key = '$x'" } ]
sinks:
  o: { kafka: { brokers: "k:9092", topic: "${param:where}" }, format: raw }
delivery: { commit: { records: "${param:n}" } }
description: costs $5 or $${env:X}
)";
  const JobSpec spec = parsed(text, {}, options);
  CHECK(*spec.sources[0].kafka.topics[0] == "flights-eu");
  CHECK(*spec.sinks[0].kafka.topic == "late-flights-eu");
  CHECK(spec.commit.records == 7);
  CHECK(spec.description == "costs $5 or ${env:X}");
  CHECK(spec.steps[0].sql.text() == "_key = '$x'");
  CHECK(spec.params[0].type.kind == TypeKind::kInteger);

  options.params["n"] = "9";
  CHECK(parsed(text, {}, options).commit.records == 9);
}

TEST_CASE("parse_job: clusters and limits come from weir.yaml", "[spec]") {
  WeirConfig config;
  config.instance = "prod";
  config.limits.threads = 2;
  config.clusters["main"].name = "main";
  config.clusters["main"].brokers = {"k1:9093"};
  const std::string text = R"(version: 1
job: j
sources: { a: { kafka: { cluster: main, topics: [t] }, format: raw } }
sinks: { o: { kafka: { cluster: main, topic: u }, format: raw } }
)";
  const JobSpec spec = parsed(text, config);
  CHECK(spec.sources[0].kafka.endpoint.cluster.name == "main");
  CHECK(spec.sources[0].kafka.group == "prod.j");
  CHECK(spec.limits.threads == 2U);
  CHECK_THAT(mistakes(text), Catch::Contains("weir.yaml has no cluster \"main\""));
}

TEST_CASE("parse_job: a marker's place, from what is written", "[spec]") {
  CHECK(parsed(job_with("")).marker.kind == MarkerKind::kNone);
  const MarkerSpec file = parsed(job_with("stop: { marker: { path: /srv/late } }\n")).marker;
  CHECK(file.kind == MarkerKind::kLocal);
  CHECK(file.file == "/srv/late");
  CHECK(file.name() == "/srv/late");
  CHECK_FALSE(file.directory);
  CHECK_FALSE(file.required);
  CHECK(file.check_every == std::chrono::seconds(5));

  const MarkerSpec directory = parsed(job_with("stop:\n  marker:\n    path: /srv/late//\n"
                                               "    at_start: require\n    check_every: 1s\n"))
                                   .marker;
  CHECK(directory.file == "/srv/late");
  CHECK(directory.directory);
  CHECK(directory.required);
  CHECK(directory.check_every == std::chrono::seconds(1));

  // Relative to the job file, not to where the command is given.
  Diagnostics diagnostics;
  const auto spec = parse_job("/etc/weir/job.yaml", job_with("stop: { marker: { path: run/x } }\n"),
                              {}, diagnostics);
  CHECK(spec.value().marker.file == "/etc/weir/run/x");
}

TEST_CASE("parse_job: a marker in HDFS, and its NameNodes", "[spec]") {
  WeirConfig config;
  config.hdfs.nameservices["ns1"] = {"nn1:9870", "nn2:9870"};
  config.hdfs.user = "weir";
  struct Row {
    std::string path, file;
    std::vector<std::string> namenodes;
    bool tls;
  };
  const Row table[] = {
      {"webhdfs://nn1:9870,nn2:9871/weir/late", "/weir/late", {"nn1:9870", "nn2:9871"}, false},
      {"webhdfs://nn1,nn2/late", "/late", {"nn1:9870", "nn2:9870"}, false},
      {"swebhdfs://nn1/late", "/late", {"nn1:9871"}, true},
      {"hdfs://ns1/weir//run/late/", "/weir/run/late", {"nn1:9870", "nn2:9870"}, false},
      {"swebhdfs://ns1/a b%20c", "/a b%20c", {"nn1:9870", "nn2:9870"}, true},
  };
  for (const Row& row : table) {
    CAPTURE(row.path);
    const MarkerSpec marker =
        parsed(job_with("stop: { marker: { path: \"" + row.path + "\" } }\n"), config).marker;
    CHECK(marker.kind == MarkerKind::kHdfs);
    CHECK(marker.file == row.file);
    CHECK(marker.namenodes == row.namenodes);
    CHECK(marker.tls == row.tls);
    CHECK(marker.directory == row.path.ends_with('/'));
    CHECK(marker.hdfs.user == "weir");
    CHECK(marker.name() == row.path);
  }
}

TEST_CASE("parse_job: a path that can name no marker is refused", "[spec]") {
  for (const char* path :
       {"/", "//", "/srv/..", "/srv/.", ".", "~/marker", "ftp://host/marker", "webhdfs://nn1",
        "webhdfs://nn1/", "webhdfs:///x", "webhdfs://nn1/a/../b", "webhdfs://nn1/a:b",
        "webhdfs://nn1:0/x", "webhdfs://u@nn1/x", "webhdfs://nn1,/x", "hdfs://nn1:9870/x"}) {
    CAPTURE(path);
    CHECK_FALSE(
        mistakes(job_with("stop: { marker: { path: \"" + std::string(path) + "\" } }\n")).empty());
  }
}

TEST_CASE("parse_job: mistakes are reported all at once, and the rest is still there", "[spec]") {
  Diagnostics diagnostics;
  const auto spec =
      parse_job("job.yaml", job_with("limits: { memory: 512 }\nwhat: 1\n"), {}, diagnostics);
  REQUIRE(spec);
  CHECK(diagnostics.error_count() == 2);
  CHECK(diagnostics.all()[0].code == Code::kNeedsUnit);
  CHECK(diagnostics.all()[1].code == Code::kUnknownField);
  CHECK(spec->steps[0].sql.text() == "dep_delay > 60");
}

TEST_CASE("parse_job: a file that cannot be read is a mistake, not a crash", "[spec]") {
  for (const char* path : {"/nowhere/job.yaml", "/"}) {
    Diagnostics diagnostics;
    CHECK_FALSE(parse_job_file(path, {}, diagnostics));
    CHECK(diagnostics.all().at(0).code == Code::kFileUnreadable);
  }
}

TEST_CASE("parse_job: no prefix of a job, and no job with a byte changed, makes it crash",
          "[spec]") {
  const std::string text = job_with(
      "errors: { decode: 'skip', eval: \"fail\" }\nstop: { marker: { path: webhdfs://n:1,m/a/b/ } "
      "}\n");
  for (std::size_t i = 0; i < text.size(); ++i) {
    mistakes(text.substr(0, i));
    for (const char c : {'"', '\'', '{', '[', '|', ':', '#', '\n', '&', '*', '!', '\x01', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      mistakes(changed);
    }
  }
  SUCCEED();
}

TEST_CASE("parse_job: the example jobs in config/ are right", "[spec]") {
  Diagnostics diagnostics;
  const auto config =
      parse_weir_config_file(std::string(WEIR_SOURCE_DIR) + "/config/weir.yaml", diagnostics);
  REQUIRE(config);
  const auto spec = parse_job_file(std::string(WEIR_SOURCE_DIR) + "/config/late-departures.yaml",
                                   *config, diagnostics);
  INFO(diagnostics.render());
  CHECK(diagnostics.empty());
  CHECK(*spec->sinks.at(0).kafka.topic == "late-departures");
}

}  // namespace weir
