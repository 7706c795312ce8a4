#include "job/matches.h"

#include "job/clusters.h"
#include "plan/pattern.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kPatience{5};

Result<std::string> matches_of(const JobSpec& job, const SourceSpec& source) {
  WEIR_ASSIGN(const kafka::Properties properties, properties_of(source.kafka.properties).read());
  WEIR_ASSIGN(const auto client, kafka::Client::open(cluster_of(source.kafka.endpoint),
                                                     RD_KAFKA_CONSUMER, properties));
  WEIR_ASSIGN(const auto topics,
              kafka::list_topics(*client, std::chrono::steady_clock::now() + kPatience));
  const auto reads = pattern_topics(job, source);
  std::string text;
  for (const auto& [topic, partitions] : topics) {
    if (!reads(topic)) continue;
    text += (text.empty() ? "" : ", ") + topic;
  }
  return text.empty() ? "no topic; the job would wait for one" : text;
}

}  // namespace

std::map<std::string, std::string> pattern_matches(const JobSpec& job) {
  std::map<std::string, std::string> matches;
  for (const SourceSpec& source : job.sources) {
    if (!source.kafka.pattern.given) continue;
    const Result<std::string> found = matches_of(job, source);
    matches[*source.name] = found ? *found : "not known: " + found.error().message();
  }
  return matches;
}

}  // namespace weir
