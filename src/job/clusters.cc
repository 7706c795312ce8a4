#include "job/clusters.h"

#include <algorithm>

namespace weir {
namespace {

Result<kafka::Properties> resolve(const KafkaProperties& properties) {
  kafka::Properties resolved;
  for (const auto& [name, property] : properties) {
    WEIR_ASSIGN(const Secret secret, property.value.resolve());
    resolved.emplace_back(name, secret.reveal());
  }
  return resolved;
}

Result<kafka::Properties> cluster_properties(const ClusterConfig& config) {
  WEIR_ASSIGN(kafka::Properties properties, resolve(config.properties));
  const SecurityConfig& security = config.security;
  properties.emplace_back("security.protocol", to_string(security.protocol));
  if (security.mechanism) properties.emplace_back("sasl.mechanism", to_string(*security.mechanism));
  const auto secret = [&](const char* name, const SecretText& text) -> Result<> {
    if (text.empty()) return {};
    WEIR_ASSIGN(const Secret value, text.resolve());
    properties.emplace_back(name, value.reveal());
    return {};
  };
  WEIR_TRY(secret("sasl.username", security.username));
  WEIR_TRY(secret("sasl.password", security.password));
  WEIR_TRY(secret("ssl.key.password", security.key_password));
  WEIR_TRY(secret("sasl.oauthbearer.client.secret", security.oauth.client_secret));
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) properties.emplace_back(name, value);
  };
  text("ssl.ca.location", security.ca);
  text("ssl.certificate.location", security.certificate);
  text("ssl.key.location", security.key);
  if (security.mechanism == SaslMechanism::kGssapi) {
    text("sasl.kerberos.principal", security.kerberos.principal);
    text("sasl.kerberos.keytab", security.kerberos.keytab);
    text("sasl.kerberos.service.name", security.kerberos.service_name);
  }
  if (!security.oauth.token_endpoint->empty()) text("sasl.oauthbearer.method", "oidc");
  text("sasl.oauthbearer.token.endpoint.url", *security.oauth.token_endpoint);
  text("sasl.oauthbearer.client.id", security.oauth.client_id);
  text("sasl.oauthbearer.scope", security.oauth.scope);
  return properties;
}

}  // namespace

kafka::PropertyReader properties_of(const KafkaProperties& properties) {
  if (properties.empty()) return {};
  return std::function<Result<kafka::Properties>()>([properties] { return resolve(properties); });
}

bool uses_kerberos(const JobSpec& job) {
  const auto uses = [](const auto& users) {
    return std::any_of(users.begin(), users.end(), [](const auto& user) {
      return user.kafka.endpoint.cluster.security.mechanism == SaslMechanism::kGssapi;
    });
  };
  return uses(job.sources) || uses(job.sinks) || uses(job.dlqs);
}

kafka::KafkaCluster cluster_of(const KafkaEndpoint& endpoint) {
  const ClusterConfig& config = endpoint.cluster;
  kafka::KafkaCluster cluster{.name = config.name.empty() ? config.bootstrap() : config.name,
                              .brokers = config.bootstrap(),
                              .epoch_topic = config.epoch_topic,
                              .properties = std::function<Result<kafka::Properties>()>(
                                  [config] { return cluster_properties(config); })};
  if (const SecretText& token = config.security.oauth.token; !token.empty()) {
    cluster.token = [token]() -> Result<std::string> {
      WEIR_ASSIGN(const Secret secret, token.resolve());
      return secret.reveal();
    };
  }
  return cluster;
}

}  // namespace weir
