#include "plan/plan.h"
#include "plan/pattern.h"

#include <catch2/catch.hpp>

#include "spec/parse.h"

namespace weir {
namespace {

struct Job {
  std::string filter = "dep_delay > 60";
  std::string select = "carrier, dep_delay / 60 AS hours";
  std::string schema = "carrier text NOT NULL, dep_delay integer, tailnum text";
  std::string topic = "late";
  std::string more = {};
  std::string reads = "topics: [flights]";
};

std::string text_of(const Job& job) {
  return R"(version: 1
job: late
sources:
  flights:
    kafka: { brokers: "localhost:9092", )" +
         job.reads + R"( }
    format: json
    schema: ")" +
         job.schema + R"("
steps:
  - id: late
    filter: ')" +
         job.filter + R"('
  - id: shape
    select: ')" +
         job.select + R"('
sinks:
  out: { kafka: { brokers: "localhost:9092", topic: )" +
         job.topic + R"(, key: carrier }, format: json }
)" + job.more;
}

struct Planned {
  std::optional<JobSpec> job;
  std::optional<Plan> plan;
  std::string mistakes;
};

Planned planned(const Job& job, const ParseOptions& options = {}) {
  Diagnostics diagnostics;
  Planned made;
  made.job = parse_job("job.yaml", text_of(job), {}, diagnostics, options);
  if (made.job) made.plan = make_plan(*made.job, diagnostics);
  made.mistakes = diagnostics.render();
  return made;
}

PlanHash hash_of(const Job& job, const ParseOptions& options = {}) {
  const Planned made = planned(job, options);
  INFO(made.mistakes);
  REQUIRE(made.plan);
  return made.plan->hash;
}

}  // namespace

TEST_CASE("plan hash: what does not change the rows does not change it", "[plan]") {
  const PlanHash hash = hash_of({});
  CHECK(hash_of({.filter = "(dep_delay   >  60)"}) == hash);
  CHECK(hash_of({.select = "carrier, (dep_delay)/60 as HOURS"}) == hash);
  CHECK(hash_of({.more = "delivery: { commit: { every: 5s } }\nlimits: { memory: 1GiB }\n"}) ==
        hash);
  CHECK(hash_of({.more = "description: another\ngeneration: 2\n"}) == hash);
  // A column that nothing uses.
  CHECK(hash_of({.schema = "carrier text NOT NULL, dep_delay integer, distance bigint"}) == hash);
}

TEST_CASE("plan hash: what changes the rows changes it", "[plan]") {
  const PlanHash hash = hash_of({});
  CHECK_FALSE(hash_of({.filter = "dep_delay > 61"}) == hash);
  CHECK_FALSE(hash_of({.filter = "dep_delay >= 60"}) == hash);
  CHECK_FALSE(hash_of({.select = "carrier, dep_delay / 60 AS h"}) == hash);
  CHECK_FALSE(hash_of({.select = "dep_delay / 60 AS hours, carrier"}) == hash);
  CHECK_FALSE(hash_of({.schema = "carrier text NOT NULL, dep_delay bigint, tailnum text"}) == hash);
  CHECK_FALSE(hash_of({.schema = "carrier text, dep_delay integer, tailnum text"}) == hash);
  CHECK_FALSE(hash_of({.topic = "later"}) == hash);
}

TEST_CASE("plan hash: a parameter counts by its value", "[plan]") {
  const Job job{.filter = "dep_delay > params.limit",
                .more = "params: { limit: { type: integer, default: 60 } }\n"};
  ParseOptions options;
  CHECK(hash_of(job) == hash_of({}));
  options.params["limit"] = "90";
  CHECK(hash_of(job, options) == hash_of({.filter = "dep_delay > 90"}));
}

// The hash is durable: LANE and the cell hold it. A change of these bytes is a new version of the
// grammar.
TEST_CASE("plan hash: the grammar of version 2", "[plan]") {
  const Planned made = planned({.filter = "dep_delay > 60", .select = "carrier"});
  REQUIRE(made.plan);
  CHECK(canonical_plan(*made.job, *made.plan) == R"(plan 2
source 7:flights 5:kafka 4:json
topic 7:flights
column 7:carrier 4:text 8:not null
column 9:dep_delay 7:integer 0:
to 4:late
filter 4:late
when 69:(call boolean 1:>(column integer 9:dep_delay)(constant integer 2:60))
to 5:shape
select 5:shape
target 7:carrier 23:(column text 7:carrier)
to 3:out
sink 3:out 5:kafka 4:json
topic 4:late
key 23:(column text 7:carrier)
partitioner 14:murmur2_random)");
}

TEST_CASE("plan: only the columns that are used or promised are decoded", "[plan]") {
  const Planned made = planned({.schema = "carrier text, dep_delay integer, origin text NOT NULL, "
                                          "tailnum text"});
  REQUIRE(made.plan);
  const PlannedSource& source = made.plan->sources.at(0);
  REQUIRE(source.decoded->size() == 3);
  CHECK((*source.decoded)[2].name == "origin");
  CHECK(source.not_decoded == std::vector<std::string>{"tailnum"});
}

TEST_CASE("plan: a parameter's default that is not of its type is found where it stands",
          "[plan]") {
  CHECK(planned({.more = "params: { limit: { type: integer, default: many } }\n"}).mistakes ==
        "job.yaml:15:44: error[W1012]: \"many\" is not of type integer\n"
        "   15 | params: { limit: { type: integer, default: many } }\n"
        "      |                                            ^^^^\n");
}

TEST_CASE("plan: an unknown parameter says what there is", "[plan]") {
  const std::string mistakes =
      planned({.filter = "dep_delay > params.limti",
               .more = "params: { limit: { type: integer, default: 60 } }\n"})
          .mistakes;
  CHECK(mistakes.find("did you mean \"limit\"") != std::string::npos);
}

TEST_CASE("pattern_topics: what matches anywhere, but never what the job or weir writes",
          "[plan]") {
  const Planned made = planned({.topic = "flights.late", .reads = "pattern: flights"});
  INFO(made.mistakes);
  REQUIRE(made.plan);
  const auto reads = pattern_topics(*made.job, made.job->sources[0]);
  for (const char* topic : {"flights", "old-flights", "flights.eu", "flights.late2"}) {
    INFO(topic);
    CHECK(reads(topic));
  }
  for (const char* topic : {"flight", "flights.late", "__flights", "flights.delta"}) {
    INFO(topic);
    CHECK_FALSE(reads(topic));
  }
  const Planned all = planned({.reads = "pattern: '.'"});
  REQUIRE(all.plan);
  CHECK_FALSE(pattern_topics(*all.job, all.job->sources[0])("weir-epochs"));
  CHECK(hash_of({.reads = "pattern: a"}) != hash_of({.reads = "pattern: b"}));
}

// What it says as a whole: tests/messages/cli_plan.
TEST_CASE("explain_plan: a trigger and a long name stand where they should", "[plan]") {
  const Planned made = planned(
      {.more = "trigger: { every: 10s }\nparams: { a_name_longer_than_the_column: { type: text, "
               "default: x } }\n"});
  INFO(made.mistakes);
  REQUIRE(made.plan);
  const std::string text = explain_plan(*made.job, *made.plan,
                                        {.instance = "prod", .directory = "/s", .checkpoint = {}});
  CHECK(text.find("\ntrigger           every 10s, what is there then\n") != std::string::npos);
  CHECK(text.find("\n  params.a_name_longer_than_the_column  text x\n") != std::string::npos);
}

TEST_CASE("explain_plan: a marker, where it is and who makes it", "[plan]") {
  const Planned made = planned({.more = "stop: { marker: { path: /srv/late } }\n"});
  REQUIRE(made.plan);
  const std::string text = explain_plan(*made.job, *made.plan,
                                        {.instance = "prod", .directory = "/s", .checkpoint = {}});
  CHECK(
      text.find("\nmarker            /srv/late, made at the start, looked at every 5s; deleting it "
                "stops the job\n") != std::string::npos);
}

TEST_CASE("explain_plan: a pattern, what it matches now, and what becomes of losses", "[plan]") {
  const Planned made = planned({.reads = "pattern: '^fl', on_data_loss: latest"});
  INFO(made.mistakes);
  REQUIRE(made.plan);
  const std::string text = explain_plan(*made.job, *made.plan,
                                        {.instance = "prod",
                                         .directory = "/s",
                                         .checkpoint = {},
                                         .matches = {{"flights", "flights.eu, flights.us"}}});
  CHECK(text.find("topics that match ^fl\n  matches now     flights.eu, flights.us\n") !=
        std::string::npos);
  CHECK(text.find("\n  on data loss    goes on at the end of what is there, and counts\n") !=
        std::string::npos);
}

TEST_CASE("explain_plan: a job that ran before ignores its start", "[plan]") {
  const Planned made = planned({});
  REQUIRE(made.plan);
  const std::string text = explain_plan(
      *made.job, *made.plan, {.instance = "prod", .directory = "/s", .checkpoint = "/s/db"});
  CHECK(text.find("latest, ignored: checkpoint at /s/db\n") != std::string::npos);
}

}  // namespace weir
