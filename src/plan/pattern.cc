#include "plan/pattern.h"

#include <algorithm>
#include <set>

#include "sql/regexes.h"

namespace weir {
namespace {

bool reads(const JobSpec& job, const SourceSpec& source, const std::string& topic) {
  const KafkaSourceSpec& kafka = source.kafka;
  if (kafka.pattern.given) return pattern_topics(job, source)(topic);
  const bool listed = std::any_of(kafka.topics.begin(), kafka.topics.end(),
                                  [&](const auto& each) { return *each == topic; });
  return listed || kafka.assign.contains(topic);
}

std::set<std::string> named_topics(const KafkaSourceSpec& kafka) {
  std::set<std::string> topics;
  for (const auto& topic : kafka.topics) topics.insert(*topic);
  for (const auto& [topic, partitions] : kafka.assign) topics.insert(topic);
  return topics;
}

// Two lists of names were compared by spec/. What two patterns have in common cannot be told.
void check_group(const JobSpec& job, const SourceSpec& a, const SourceSpec& b,
                 Diagnostics& diagnostics) {
  if (!a.kafka.pattern.given && !b.kafka.pattern.given) return;
  if (a.kafka.group != b.kafka.group || !same_cluster(a.kafka.endpoint, b.kafka.endpoint)) return;
  std::string what = "may read one topic";
  if (!a.kafka.pattern.given || !b.kafka.pattern.given) {
    const SourceSpec& list = a.kafka.pattern.given ? b : a;
    const SourceSpec& pattern = a.kafka.pattern.given ? a : b;
    const std::set<std::string> topics = named_topics(list.kafka);
    const auto both = std::find_if(topics.begin(), topics.end(), [&](const std::string& topic) {
      return reads(job, pattern, topic);
    });
    if (both == topics.end()) return;
    what = "read topic \"" + *both + "\"";
  }
  diagnostics.error(
      *job.source, b.name.at, Code::kExclusiveFields,
      "sources \"" + *a.name + "\" and \"" + *b.name + "\" " + what + " with one group",
      "give one of them a `group` of its own");
}

}  // namespace

void check_patterns(const JobSpec& job, Diagnostics& diagnostics) {
  bool all_compile = true;
  for (const SourceSpec& source : job.sources) {
    if (!source.kafka.pattern.given) continue;
    const std::string mistake = regex_mistake(*source.kafka.pattern);
    if (mistake.empty()) continue;
    all_compile = false;
    diagnostics.error(*job.source, source.kafka.pattern.at, Code::kBadValue,
                      "\"" + *source.kafka.pattern + "\" is " + mistake,
                      "such as pattern: '^clicks\\.'");
  }
  if (!all_compile) return;
  for (std::size_t i = 0; i < job.sources.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      check_group(job, job.sources[k], job.sources[i], diagnostics);
    }
  }
}

std::function<bool(const std::string& topic)> pattern_topics(const JobSpec& job,
                                                             const SourceSpec& source) {
  const KafkaEndpoint& endpoint = source.kafka.endpoint;
  // Written by the job itself: a loop, or weir's own.
  std::set<std::string> never{endpoint.cluster.epoch_topic, ClusterConfig{}.epoch_topic};
  for (const std::vector<SinkSpec>* sinks : {&job.sinks, &job.dlqs}) {
    for (const SinkSpec& sink : *sinks) {
      const bool here =
          sink.kind == SinkKind::kKafka && same_cluster(sink.kafka.endpoint, endpoint);
      if (here) never.insert(*sink.kafka.topic);
    }
  }
  return [never = std::move(never),
          search = regex_search(*source.kafka.pattern)](const std::string& topic) {
    return !topic.starts_with("__") && !topic.ends_with(".delta") && !never.contains(topic) &&
           search(topic);
  };
}

}  // namespace weir
