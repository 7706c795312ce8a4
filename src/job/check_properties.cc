#include "job/check_properties.h"

#include "base/nearest.h"
#include "connectors/kafka/properties.h"

namespace weir {
namespace {

void check(const KafkaProperties& properties, const SourceText& source, Diagnostics& diagnostics) {
  for (const auto& [name, property] : properties) {
    if (!kafka::is_property(name)) {
      const std::vector<std::string> names = kafka::property_names();
      diagnostics.error(source, property.name_at, Code::kUnknownField,
                        "librdkafka has no property \"" + name + "\"",
                        did_you_mean(name, {names.begin(), names.end()}));
      continue;
    }
    if (property.value.has_file()) continue;
    const Result<Secret> value = property.value.resolve();
    const auto refusal = value ? kafka::refusal_of(name, value->reveal()) : std::nullopt;
    if (!refusal) continue;
    // Its words quote the value.
    diagnostics.error(source, property.value_at, Code::kBadValue,
                      "librdkafka refuses this value of property \"" + name + "\"",
                      property.value.is_secret() ? std::string() : *refusal);
  }
}

// A librdkafka that was built without libcurl knows the method by name, and refuses it.
void check_tokens(const OauthConfig& oauth, const SourceText& source, Diagnostics& diagnostics) {
  if (oauth.token_endpoint->empty()) return;
  if (!kafka::refusal_of("sasl.oauthbearer.method", "oidc")) return;
  diagnostics.error(source, oauth.token_endpoint.at, Code::kBadValue,
                    "this librdkafka was built without libcurl, and asks no \"token_endpoint\"",
                    "give a \"token\" that something else keeps fresh: token: ${file:/path}");
}

}  // namespace

void check_properties(const JobSpec& job, Diagnostics& diagnostics) {
  for (const SourceSpec& source : job.sources) {
    check(source.kafka.properties, *job.source, diagnostics);
  }
  for (const SinkSpec& sink : job.sinks) check(sink.kafka.properties, *job.source, diagnostics);
  for (const SinkSpec& dlq : job.dlqs) check(dlq.kafka.properties, *job.source, diagnostics);
}

void check_properties(const WeirConfig& config, Diagnostics& diagnostics) {
  if (!config.source) return;
  for (const auto& [name, cluster] : config.clusters) {
    check(cluster.properties, *config.source, diagnostics);
    check_tokens(cluster.security.oauth, *config.source, diagnostics);
  }
}

}  // namespace weir
