#include "spec/check_job.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/nearest.h"

namespace weir {
namespace {

class JobChecker {
 public:
  JobChecker(const JobSpec& job, const PartContext& context) : job_(job), context_(context) {}

  void run() {
    names_are_unique();
    groups_are_apart();
    for (const SinkSpec& sink : job_.sinks) no_loop(sink);
    for (const SinkSpec& sink : job_.dlqs) no_loop(sink);
    files_are_apart();
    dlqs_are_used();
  }

 private:
  void error(Place at, Code code, std::string message, std::string hint = {}) {
    context_.error(at, code, std::move(message), std::move(hint));
  }

  // `from:` finds sources and steps by one name.
  void names_are_unique() {
    std::map<std::string, std::string> taken;
    for (const SourceSpec& source : job_.sources) taken[*source.name] = "a source";
    // A route tells a step from a sink by its name alone.
    std::map<std::string, std::string> ways;
    for (const SinkSpec& sink : job_.sinks) ways[*sink.name] = "a sink";
    for (const SinkSpec& sink : job_.dlqs) {
      if (ways.emplace(*sink.name, "a sink").second) continue;
      error(sink.name.at, Code::kBadName,
            fmt::format("\"{}\" is the name of a sink already", *sink.name));
    }
    for (const StepSpec& step : job_.steps) {
      if (!step.id.given) continue;
      const auto [found, fresh] = taken.emplace(*step.id, "another step");
      if (fresh && routed(*step.id) && ways.contains(*step.id)) {
        error(step.id.at, Code::kBadName,
              fmt::format("\"{}\" is the name of a sink already", *step.id),
              "`to` could not tell them apart");
      }
      if (fresh) continue;
      error(step.id.at, Code::kBadName,
            fmt::format("\"{}\" is the name of {} already", *step.id, found->second),
            "`from` could not tell them apart");
    }
  }

  bool routed(const std::string& name) const {
    for (const StepSpec& step : job_.steps) {
      for (const RouteSpec& entry : step.route) {
        if (*entry.to == name) return true;
      }
    }
    return false;
  }

  static std::set<std::string> topics_of(const KafkaSourceSpec& source) {
    std::set<std::string> topics;
    for (const Located<std::string>& topic : source.topics) topics.insert(*topic);
    for (const auto& [topic, partitions] : source.assign) topics.insert(topic);
    return topics;
  }

  // A group has one place per partition for the copy of the positions.
  void groups_are_apart() {
    for (std::size_t i = 0; i < job_.sources.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const SourceSpec& a = job_.sources[k];
        const SourceSpec& b = job_.sources[i];
        if (a.kafka.group != b.kafka.group || !same_cluster(a.kafka.endpoint, b.kafka.endpoint)) {
          continue;
        }
        for (const std::string& topic : topics_of(b.kafka)) {
          if (!topics_of(a.kafka).contains(topic)) continue;
          error(b.name.at, Code::kExclusiveFields,
                fmt::format("sources \"{}\" and \"{}\" read topic \"{}\" with one group", *a.name,
                            *b.name, topic),
                "give one of them a `group` of its own");
        }
      }
    }
  }

  // What a job writes to its own input it would read, and write, without end.
  void no_loop(const SinkSpec& sink) {
    if (!sink.kafka.topic.given) return;
    for (const SourceSpec& source : job_.sources) {
      if (!topics_of(source.kafka).contains(*sink.kafka.topic)) continue;
      if (!same_cluster(source.kafka.endpoint, sink.kafka.endpoint)) continue;
      error(sink.kafka.topic.at, Code::kLoop,
            fmt::format("sink \"{}\" writes topic \"{}\", which source \"{}\" reads: a loop",
                        *sink.name, *sink.kafka.topic, *source.name),
            "write to another topic");
    }
    if (*sink.kafka.topic == sink.kafka.endpoint.cluster.epoch_topic) {
      error(sink.kafka.topic.at, Code::kBadValue,
            fmt::format("\"{}\" is weir's own epoch topic", *sink.kafka.topic),
            "write to another topic");
    }
  }

  // Files are named by job and epoch, so two sinks of one directory would write the same ones; and
  // a source must not find what its own job writes.
  void files_are_apart() {
    std::map<std::string, std::string> taken;
    for (const SinkSpec& sink : job_.sinks) {
      if (sink.kind != SinkKind::kFile || !sink.path.given) continue;
      const std::string directory = place_of(*sink.path);
      const auto [other, first] = taken.emplace(directory, *sink.name);
      if (!first) {
        error(sink.path.at, Code::kExclusiveFields,
              fmt::format("sinks \"{}\" and \"{}\" write to one directory, where their files would "
                          "have the same names",
                          other->second, *sink.name),
              "give each a directory of its own");
      }
      for (const SourceSpec& source : job_.sources) {
        if (source.kind != SourceKind::kFile || !source.file.path.given) continue;
        const std::filesystem::path pattern(*source.file.path);
        const std::string written = job_.identity() + "-0-0000000001";
        const auto matches = [&](const char* extension) {
          return fnmatch(pattern.filename().c_str(), (written + extension).c_str(), FNM_PERIOD) ==
                 0;
        };
        if (place_of(pattern.parent_path().string()) != directory) continue;
        if (!matches(".ndjson") && !matches(".csv") && !matches(".txt")) continue;
        error(sink.path.at, Code::kLoop,
              fmt::format("sink \"{}\" writes files that source \"{}\" reads: a loop", *sink.name,
                          *source.name),
              "write to another directory");
      }
    }
  }

  // A path of the job file, in one spelling.
  std::string place_of(const std::string& path) const {
    const auto directory = std::filesystem::path(context_.source.path()).parent_path();
    return (directory / path / "").lexically_normal().string();
  }

  void dlqs_are_used() {
    std::vector<Located<std::string>> wanted = {job_.on_decode_error.dlq, job_.on_eval_error.dlq,
                                                job_.on_sink_error.dlq};
    for (const SinkSpec& sink : job_.sinks) wanted.push_back(sink.when_full_dlq);
    std::vector<std::string_view> known;
    for (const SinkSpec& sink : job_.dlqs) known.push_back(*sink.name);
    std::set<std::string> used;
    for (const Located<std::string>& dlq : wanted) {
      if (!dlq.given) continue;
      used.insert(*dlq);
      if (std::find(known.begin(), known.end(), *dlq) != known.end()) continue;
      std::string hint = did_you_mean(*dlq, known);
      if (hint.empty()) hint = "such as errors: { sinks: { dead: { kafka: { ... } } } }";
      error(dlq.at, Code::kPlanLink, fmt::format("\"errors.sinks\" has no sink \"{}\"", *dlq),
            std::move(hint));
    }
    for (const SinkSpec& sink : job_.dlqs) {
      if (used.contains(*sink.name)) continue;
      error(sink.name.at, Code::kPlanLink,
            fmt::format("no rule of \"errors\" uses sink \"{}\"", *sink.name),
            fmt::format("such as decode: {{ dlq: {} }}", *sink.name));
    }
  }

  const JobSpec& job_;
  const PartContext& context_;
};

}  // namespace

void check_job(const JobSpec& job, const PartContext& context) { JobChecker(job, context).run(); }

}  // namespace weir
