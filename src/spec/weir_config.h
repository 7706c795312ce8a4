#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "spec/secret.h"
#include "spec/source_text.h"

namespace weir {

enum class SecurityProtocol : unsigned char { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };
enum class SaslMechanism : unsigned char {
  kPlain,
  kScramSha256,
  kScramSha512,
  kGssapi,
  kOauthbearer,
};

/// The names that job files, weir.yaml and librdkafka use, such as "sasl_ssl".
std::string_view to_string(SecurityProtocol protocol);
/// librdkafka's spelling: "SCRAM-SHA-512".
std::string_view to_string(SaslMechanism mechanism);

/// Of kGssapi: Kerberos.
struct KerberosConfig {
  std::string principal;
  std::string keytab;
  std::string service_name = "kafka";
};

/// Of kOauthbearer. Exactly one of `token` and `token_endpoint` is there.
struct OauthConfig {
  SecretText token;
  Located<std::string> token_endpoint;
  std::string client_id;  ///< these three of the endpoint
  SecretText client_secret;
  std::string scope;
};

/// `security:` of a cluster. What belongs to the protocol is there; what does not, was refused.
struct SecurityConfig {
  SecurityProtocol protocol = SecurityProtocol::kPlaintext;
  std::optional<SaslMechanism> mechanism;  ///< there with kSaslPlaintext and kSaslSsl
  SecretText username;                     ///< these two of kPlain and SCRAM
  SecretText password;
  KerberosConfig kerberos;
  OauthConfig oauth;
  std::string ca;           ///< PEM file of the authorities; empty: the system's
  std::string certificate;  ///< client certificate, PEM file
  std::string key;          ///< its private key, PEM file
  SecretText key_password;
};

/// One of `properties:`, which are librdkafka's.
struct KafkaProperty {
  SecretText value;
  Place name_at, value_at;
};
using KafkaProperties = std::map<std::string, KafkaProperty>;

/// A Kafka cluster: one of weir.yaml, or made from `brokers:` in a job.
struct ClusterConfig {
  std::string name;  ///< empty when it was given by `brokers:` in the job
  std::vector<std::string> brokers;
  std::string epoch_topic = "weir-epochs";
  SecurityConfig security;
  /// Any other librdkafka property, for every handle of this cluster.
  KafkaProperties properties;

  /// "k1:9092,k2:9092", as `bootstrap.servers` wants it.
  std::string bootstrap() const;
};

/// `hdfs:` of weir.yaml.
struct HdfsConfig {
  /// name -> NameNodes, host:port of their HTTP
  std::map<std::string, std::vector<std::string>> nameservices;
  std::string user;  ///< `auth.simple.user`; empty: the process's
  struct Kerberos {
    std::string keytab;
    std::string principal;
  };
  std::optional<Kerberos> kerberos;  ///< `auth.kerberos`, in place of a user
  std::string ca;                    ///< PEM file; empty: the system's
};

/// Limits of a job; weir.yaml's `defaults.limits` where a job is silent.
struct LimitsSpec {
  std::optional<std::uint32_t> threads;  ///< nothing: auto
  std::uint64_t memory_bytes = 512ULL * 1024 * 1024;
};

/// weir.yaml, or the defaults without one.
///
/// Thread: any, immutable.
struct WeirConfig {
  std::shared_ptr<const SourceText> source;  ///< null without a file
  std::string instance = "weir";
  std::string state_dir;  ///< empty: $XDG_STATE_HOME/weir; default_state_dir() says
  std::map<std::string, ClusterConfig> clusters;
  HdfsConfig hdfs;
  LimitsSpec limits;
  LogOptions log;
};

/// `$XDG_STATE_HOME/weir`, else `$HOME/.local/state/weir`; nothing when neither is set.
std::optional<std::string> default_state_dir();

}  // namespace weir
