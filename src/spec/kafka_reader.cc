#include <fmt/format.h>

#include <array>

#include "spec/secret_names.h"
#include "spec/tree_values.h"

namespace weir {
namespace {

struct Owned {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view kExactlyOnce = "weir sets it: exactly-once depends on it";
constexpr std::string_view kNoGroup = "weir assigns partitions and never joins a group";
constexpr std::string_view kTimeouts = "weir sets it: its own deadlines are made for that value";
constexpr std::string_view kSecurity = "use `security` of a cluster in weir.yaml";
constexpr std::string_view kCallback = "weir's own code stands there";

// epochs.md, section 7, and what the job file has a key of its own for.
constexpr Owned kOwned[] = {
    {"bootstrap.servers", "use `cluster` or `brokers`"},
    {"metadata.broker.list", "use `cluster` or `brokers`"},
    {"group.id", "use `group`"},
    {"group.instance.id", kNoGroup},
    {"group.protocol", kNoGroup},
    {"group.protocol.type", kNoGroup},
    {"group.remote.assignor", kNoGroup},
    {"partition.assignment.strategy", kNoGroup},
    {"session.timeout.ms", kNoGroup},
    {"heartbeat.interval.ms", kNoGroup},
    {"max.poll.interval.ms", kNoGroup},
    {"transactional.id", "weir makes it from instance, job and lane"},
    {"enable.auto.commit", kExactlyOnce},
    {"auto.commit.enable", kExactlyOnce},
    {"auto.commit.interval.ms", kExactlyOnce},
    {"enable.auto.offset.store", kExactlyOnce},
    {"offset.store.method", kExactlyOnce},
    {"auto.offset.reset", "use `start` and `on_data_loss`"},
    {"isolation.level", kExactlyOnce},
    {"enable.idempotence", kExactlyOnce},
    {"enable.gapless.guarantee", kExactlyOnce},
    {"acks", kExactlyOnce},
    {"request.required.acks", kExactlyOnce},
    {"max.in.flight", kExactlyOnce},
    {"max.in.flight.requests.per.connection", kExactlyOnce},
    {"retries", kExactlyOnce},
    {"message.send.max.retries", kExactlyOnce},
    {"enable.partition.eof", kExactlyOnce},
    {"check.crcs", kExactlyOnce},
    {"delivery.report.only.error", kExactlyOnce},
    {"message.timeout.ms", kTimeouts},
    {"delivery.timeout.ms", kTimeouts},
    {"transaction.timeout.ms", kTimeouts},
    {"socket.timeout.ms", kTimeouts},
    {"socket.max.fails", kTimeouts},
    {"reconnect.backoff.max.ms", kTimeouts},
    {"log.connection.close", "weir sets it: it counts the connections that were given up"},
    {"allow.auto.create.topics", "weir creates no topics"},
    {"partitioner", "use `partitioner`"},
    {"compression.codec", "use `compression`"},
    {"compression.type", "use `compression`"},
    {"security.protocol", kSecurity},
    {"sasl.mechanism", kSecurity},
    {"sasl.mechanisms", kSecurity},
    {"sasl.username", kSecurity},
    {"sasl.password", kSecurity},
    {"sasl.kerberos.principal", kSecurity},
    {"sasl.kerberos.keytab", kSecurity},
    {"sasl.kerberos.service.name", kSecurity},
    {"sasl.oauthbearer.method", kSecurity},
    {"sasl.oauthbearer.client.id", kSecurity},
    {"sasl.oauthbearer.client.secret", kSecurity},
    {"sasl.oauthbearer.scope", kSecurity},
    {"sasl.oauthbearer.token.endpoint.url", kSecurity},
    {"ssl.ca.location", kSecurity},
    {"ssl.certificate.location", kSecurity},
    {"ssl.key.location", kSecurity},
    {"ssl.key.password", kSecurity},
    {"plugin.library.paths", "weir loads no code"},
    {"opaque", kCallback},
    {"interceptors", kCallback},
    {"default_topic_conf", kCallback},
    {"enabled_events", kCallback},
};

constexpr std::array<std::pair<std::string_view, SecurityProtocol>, 4> kProtocols{
    {{"plaintext", SecurityProtocol::kPlaintext},
     {"ssl", SecurityProtocol::kSsl},
     {"sasl_plaintext", SecurityProtocol::kSaslPlaintext},
     {"sasl_ssl", SecurityProtocol::kSaslSsl}}};
constexpr std::array<std::pair<std::string_view, SaslMechanism>, 5> kMechanisms{
    {{"plain", SaslMechanism::kPlain},
     {"scram-sha-256", SaslMechanism::kScramSha256},
     {"scram-sha-512", SaslMechanism::kScramSha512},
     {"gssapi", SaslMechanism::kGssapi},
     {"oauthbearer", SaslMechanism::kOauthbearer}}};

// What a key of `security` is for.
enum class Use : unsigned char { kAny, kTls, kSasl, kPassword, kKerberos, kOauth };

Use use_of(std::string_view key) {
  using enum Use;
  constexpr std::pair<std::string_view, Use> kUses[] = {
      {"ca", kTls},
      {"certificate", kTls},
      {"key", kTls},
      {"key_password", kTls},
      {"mechanism", kSasl},
      {"username", kPassword},
      {"password", kPassword},
      {"principal", kKerberos},
      {"keytab", kKerberos},
      {"service_name", kKerberos},
      {"token", kOauth},
      {"token_endpoint", kOauth},
      {"client_id", kOauth},
      {"client_secret", kOauth},
      {"scope", kOauth},
  };
  for (const auto& [name, use] : kUses) {
    if (name == key) return use;
  }
  return kAny;
}

Use use_of(SaslMechanism mechanism) {
  switch (mechanism) {
    case SaslMechanism::kGssapi:
      return Use::kKerberos;
    case SaslMechanism::kOauthbearer:
      return Use::kOauth;
    case SaslMechanism::kPlain:
    case SaslMechanism::kScramSha256:
    case SaslMechanism::kScramSha512:
      break;
  }
  return Use::kPassword;
}

std::string_view mechanisms_of(Use use) {
  switch (use) {
    case Use::kKerberos:
      return "gssapi";
    case Use::kOauth:
      return "oauthbearer";
    case Use::kAny:
    case Use::kTls:
    case Use::kSasl:
    case Use::kPassword:
      break;
  }
  return "plain, scram-sha-256 and scram-sha-512";
}

std::string_view word_of(SaslMechanism mechanism) {
  for (const auto& [word, value] : kMechanisms) {
    if (value == mechanism) return word;
  }
  return "?";
}

}  // namespace

std::string_view owned_property(std::string_view name) {
  for (const Owned& owned : kOwned) {
    if (owned.name == name) return owned.why;
  }
  return name.ends_with("_cb") ? kCallback : std::string_view{};
}

std::vector<std::string> KafkaReader::brokers(const YamlNode* map) const {
  return texts_of(map, "brokers");
}

SecretText KafkaReader::secret(const YamlNode* map, std::string_view key,
                               bool always_secret) const {
  const YamlNode* node = usable(map, key);
  if (node == nullptr || !node->is_scalar()) return {};
  Diagnostics reported_already;
  auto parts = resolve_references(source_, *node, references_, true, reported_already);
  return parts ? SecretText(std::move(*parts), always_secret) : SecretText();
}

KafkaProperties KafkaReader::properties(const YamlNode* map) const {
  KafkaProperties all;
  const YamlNode* node = usable(map, "properties");
  if (node == nullptr) return all;
  for (const YamlEntry& entry : node->entries) {
    const std::string& name = entry.key.scalar;
    if (const std::string_view why = owned_property(name); !why.empty()) {
      diagnostics_.error(source_, entry.key.at, Code::kOwnedProperty,
                         fmt::format("property \"{}\" cannot be set", name), std::string(why));
      continue;
    }
    if (entry.value.bad || !entry.value.is_scalar()) continue;
    all.emplace(name, KafkaProperty{secret(node, name, is_secret_name(name)), entry.key.at,
                                    entry.value.at});
  }
  return all;
}

SecurityConfig KafkaReader::security(const YamlNode* map, const std::string& name) const {
  SecurityConfig security;
  if (map == nullptr) return security;
  const auto text = [&](std::string_view key) {
    const auto found = text_of(map, key);
    return found ? **found : std::string();
  };
  if (const auto protocol = choice_of(map, "protocol", kProtocols)) security.protocol = **protocol;
  if (const auto mechanism = choice_of(map, "mechanism", kMechanisms)) {
    security.mechanism = **mechanism;
  }
  security.username = secret(map, "username", false);
  security.password = secret(map, "password", true);
  security.kerberos.principal = text("principal");
  security.kerberos.keytab = text("keytab");
  if (const auto service = text_of(map, "service_name")) security.kerberos.service_name = **service;
  security.oauth = {
      .token = secret(map, "token", true),
      .token_endpoint = text_of(map, "token_endpoint").value_or(Located<std::string>{}),
      .client_id = text("client_id"),
      .client_secret = secret(map, "client_secret", true),
      .scope = text("scope")};
  security.ca = text("ca");
  security.certificate = text("certificate");
  security.key = text("key");
  security.key_password = secret(map, "key_password", true);
  check_security(*map, security, name);
  return security;
}

void KafkaReader::check_login(const YamlNode& map, const SecurityConfig& security,
                              const Need& need) const {
  const std::string_view mechanism = word_of(*security.mechanism);
  switch (use_of(*security.mechanism)) {
    case Use::kKerberos:
      need("principal", mechanism);
      need("keytab", mechanism);
      return;
    case Use::kOauth: {
      const YamlNode* endpoint = map.find("token_endpoint");
      if (endpoint == nullptr) return need("token", mechanism);
      if (map.find("token") != nullptr) {
        diagnostics_.error(source_, endpoint->at, Code::kExclusiveFields,
                           "\"token\" and \"token_endpoint\" exclude each other");
      }
      need("client_id", "\"token_endpoint\"");
      need("client_secret", "\"token_endpoint\"");
      return;
    }
    case Use::kAny:
    case Use::kTls:
    case Use::kSasl:
    case Use::kPassword:
      break;
  }
  need("username", mechanism);
  need("password", mechanism);
}

void KafkaReader::check_security(const YamlNode& map, const SecurityConfig& security,
                                 const std::string& name) const {
  const YamlNode* protocol = map.find("protocol");
  if (protocol != nullptr && protocol->bad) return;
  const bool sasl = security.protocol == SecurityProtocol::kSaslPlaintext ||
                    security.protocol == SecurityProtocol::kSaslSsl;
  const bool tls = security.protocol == SecurityProtocol::kSsl ||
                   security.protocol == SecurityProtocol::kSaslSsl;
  for (const YamlEntry& entry : map.entries) {
    const std::string& key = entry.key.scalar;
    const Use use = use_of(key);
    if (use == Use::kAny) continue;
    const bool for_tls = use == Use::kTls;
    if (for_tls ? !tls : !sasl) {
      diagnostics_.error(
          source_, entry.key.at, Code::kSecurityMismatch,
          fmt::format("\"{}\" has no use with protocol {}", key, to_string(security.protocol)),
          fmt::format("it belongs to {}",
                      for_tls ? "ssl and sasl_ssl" : "sasl_plaintext and sasl_ssl"));
    } else if (!for_tls && use != Use::kSasl && security.mechanism &&
               use != use_of(*security.mechanism)) {
      diagnostics_.error(
          source_, entry.key.at, Code::kSecurityMismatch,
          fmt::format("\"{}\" has no use with mechanism {}", key, word_of(*security.mechanism)),
          fmt::format("it belongs to {}", mechanisms_of(use)));
    }
  }
  const auto need = [&](std::string_view key, std::string_view with) {
    if (map.find(key) != nullptr) return;
    diagnostics_.error(
        source_, protocol != nullptr ? protocol->at : map.at, Code::kMissingField,
        fmt::format("\"{}\" is missing in \"security\" of cluster \"{}\"", key, name),
        fmt::format("{} needs it", with));
  };
  if (sasl) need("mechanism", to_string(security.protocol));
  if (sasl && security.mechanism) check_login(map, security, need);
  if (tls && map.find("certificate") != nullptr) need("key", "\"certificate\"");
  if (tls && map.find("key") != nullptr) need("certificate", "\"key\"");
}

std::string_view to_string(SecurityProtocol protocol) {
  for (const auto& [word, value] : kProtocols) {
    if (value == protocol) return word;
  }
  return "?";
}

std::string_view to_string(SaslMechanism mechanism) {
  switch (mechanism) {
    case SaslMechanism::kPlain:
      return "PLAIN";
    case SaslMechanism::kScramSha256:
      return "SCRAM-SHA-256";
    case SaslMechanism::kScramSha512:
      return "SCRAM-SHA-512";
    case SaslMechanism::kGssapi:
      return "GSSAPI";
    case SaslMechanism::kOauthbearer:
      return "OAUTHBEARER";
  }
  return "?";
}

}  // namespace weir
