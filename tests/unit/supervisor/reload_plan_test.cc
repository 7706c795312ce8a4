#include "supervisor/reload_plan.h"

#include <catch2/catch.hpp>

#include "spec/parse.h"

namespace weir {
namespace {

std::string job(const std::string& name, const std::string& more = {}) {
  return "version: 1\njob: " + name +
         "\nsources: { n: { generate: { every: 1s } } }\nsinks: { out: { stdout: {} } }\n" + more;
}

struct Site {
  std::vector<KnownJob> known;
  std::vector<FoundFile> found;
  WeirConfig config;

  Site& runs(const std::string& file, const std::string& text) {
    const JobText read = read_job_text(file, text, config);
    INFO(read.mistakes);
    REQUIRE(read.mistakes.empty());
    known.push_back({read.name, file, text, read.meaning});
    return *this;
  }
  Site& has(const std::string& file, const std::string& text) {
    found.push_back({file, text, {}});
    return *this;
  }
  Site& cannot_read(const std::string& file, const std::string& why) {
    found.push_back({file, {}, why});
    return *this;
  }

  ReloadPlan plan() const {
    std::map<std::string, JobText> read;
    for (const FoundFile& file : found) {
      if (file.unreadable.empty()) read[file.path] = read_job_text(file.path, file.text, config);
    }
    return plan_reload(known, found, read);
  }
  // "restart a from a.yaml"
  std::vector<std::string> steps() const {
    std::vector<std::string> lines;
    for (const ReloadStep& step : plan().steps) {
      lines.push_back(std::string(to_string(step.kind)) + " " + step.job + " from " + step.file);
    }
    return lines;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("reload: new, changed and removed files") {
  Site site;
  site.runs("a.yaml", job("a")).runs("b.yaml", job("b")).runs("c.yaml", job("c"));
  site.has("b.yaml", job("b", "limits: { memory: 64MiB }\n"))
      .has("c.yaml", job("c"))
      .has("d.yaml", job("d"));
  CHECK(site.steps() == Lines{"stop a from a.yaml", "restart b from b.yaml",
                              "unchanged c from c.yaml", "start d from d.yaml"});
  CHECK(site.plan().texts.size() == 2);
  CHECK(site.plan().problems.empty());
}

TEST_CASE("reload: comments, white space, quotes, description and restart restart nothing") {
  Site site;
  site.runs("a.yaml", job("a"));
  const std::string more =
      GENERATE("# a comment\n", "\n\n", "description: words\n", "restart: { max_attempts: 9 }\n");
  site.has("a.yaml", job("a", more));
  CHECK(site.steps() == Lines{"update a from a.yaml"});
  CHECK(site.plan().texts.at("a").text == job("a", more));
}

TEST_CASE("reload: quotes change nothing") {
  Site site;
  site.runs("a.yaml", job("a")).has("a.yaml", job("\"a\""));
  CHECK(site.steps() == Lines{"update a from a.yaml"});
}

TEST_CASE("reload: a renamed file is the same job") {
  Site site;
  site.runs("a.yaml", job("a")).has("z.yaml", job("a"));
  CHECK(site.steps() == Lines{"rename a from z.yaml"});
}

TEST_CASE("reload: a job that was renamed in its file is another one") {
  Site site;
  site.runs("a.yaml", job("a")).has("a.yaml", job("b"));
  CHECK(site.steps() == Lines{"stop a from a.yaml", "start b from a.yaml"});
}

TEST_CASE("reload: a mistake changes nothing and is said") {
  Site site;
  site.runs("a.yaml", job("a"));
  SECTION("in the job's file") { site.has("a.yaml", job("a", "bad: 1\n")); }
  SECTION("though no name can be read") { site.has("a.yaml", "job: ["); }
  SECTION("in a file it was renamed to") { site.has("b.yaml", job("a", "bad: 1\n")); }
  SECTION("it cannot be read") { site.cannot_read("a.yaml", "Permission denied"); }
  const ReloadPlan plan = site.plan();
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].kind == ReloadStep::Kind::kKeep);
  CHECK(plan.steps[0].job == "a");
  CHECK(plan.texts.empty());
  CHECK(plan.problems.empty());
  CHECK_FALSE(plan.pending.at("a").empty());
}

TEST_CASE("reload: a new file with a mistake is a problem of its own") {
  Site site;
  site.runs("a.yaml", job("a")).has("a.yaml", job("a")).has("n.yaml", job("n", "bad: 1\n"));
  CHECK(site.steps() == Lines{"unchanged a from a.yaml", "keep n from n.yaml"});
  REQUIRE(site.plan().problems.size() == 1);
  CHECK(site.plan().problems[0].job == "n");
  CHECK(site.plan().problems[0].text.find("n.yaml:5:1") != std::string::npos);
}

TEST_CASE("reload: of two files with one job, the one that it runs from is it") {
  Site site;
  site.runs("b.yaml", job("a")).has("a.yaml", job("a")).has("b.yaml", job("a"));
  CHECK(site.steps() == Lines{"keep a from a.yaml", "unchanged a from b.yaml"});
  REQUIRE(site.plan().problems.size() == 1);
  CHECK(site.plan().problems[0].file == "a.yaml");
}

TEST_CASE("reload: of two new files with one job neither is started") {
  Site site;
  site.has("a.yaml", job("a")).has("b.yaml", job("a"));
  CHECK(site.steps() == Lines{"keep a from a.yaml", "keep a from b.yaml"});
  CHECK(site.plan().problems.size() == 2);
  CHECK(site.plan().texts.empty());
}

TEST_CASE("reload: a job renamed into two runs on") {
  Site site;
  site.runs("o.yaml", job("a")).has("a.yaml", job("a")).has("b.yaml", job("a"));
  const ReloadPlan plan = site.plan();
  CHECK(plan.texts.empty());
  CHECK(plan.pending.contains("a"));
  for (const ReloadStep& step : plan.steps) CHECK(step.kind == ReloadStep::Kind::kKeep);
}

TEST_CASE("reload: generations are jobs of their own") {
  Site site;
  site.has("a.yaml", job("a")).has("b.yaml", job("a", "generation: 2\n"));
  CHECK(site.steps() == Lines{"start a from a.yaml", "start a.g2 from b.yaml"});
}

TEST_CASE("job text: only the clusters that a job names mean something to it") {
  const auto config_of = [](const std::string& text) {
    Diagnostics mistakes;
    auto config = parse_weir_config("weir.yaml", text, mistakes);
    INFO(mistakes.render());
    REQUIRE(config);
    return std::move(*config);
  };
  const std::string kafka =
      "version: 1\njob: a\nsources: { s: { kafka: { cluster: main, topics: [t] }, format: text } "
      "}\n"
      "sinks: { out: { stdout: {} } }\n";
  const auto meaning = [&](const std::string& config) {
    const JobText read = read_job_text("a.yaml", kafka, config_of(config));
    INFO(read.mistakes);
    REQUIRE(read.mistakes.empty());
    return read.meaning;
  };
  const std::string main = "clusters:\n  main: { brokers: [k1:9092] }\n";
  const std::uint64_t before = meaning(main);
  CHECK(meaning(main + "  other: { brokers: [o1:9092] }\n") == before);
  CHECK(meaning(main + "api: { listen: off }\njobs_dir: elsewhere\n") == before);
  CHECK(meaning("clusters:\n  main: { brokers: [k2:9092] }\n") != before);
  CHECK(meaning(main + "log: { level: debug }\n") != before);
  CHECK(meaning(main + "defaults: { limits: { memory: 64MiB } }\n") != before);
}

}  // namespace weir
