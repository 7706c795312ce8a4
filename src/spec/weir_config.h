#pragma once

#include <chrono>
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

enum class MarkerKind : unsigned char { kNone, kLocal, kHdfs };

/// `stop.marker` of a job or of weir.yaml.
struct MarkerSpec {
  MarkerKind kind = MarkerKind::kNone;  ///< kNone: there is none, or a mistake was reported
  Located<std::string> path;            ///< as written
  std::string file;                     ///< absolute, without a last `/`
  bool directory = false;               ///< it is made as one
  std::chrono::microseconds check_every = std::chrono::seconds(5);
  bool required = false;  ///< `at_start: require`

  // Of kHdfs, resolved through weir.yaml.
  std::vector<std::string> namenodes;  ///< host:port
  bool tls = false;
  HdfsConfig hdfs;

  /// Which marker it is, for messages and for what is remembered of it.
  std::string name() const { return kind == MarkerKind::kLocal ? file : *path; }
};

/// When a job that failed is started again; weir.yaml's `defaults.restart` where a job is silent.
struct RestartSpec {
  std::uint32_t max_attempts = 4;  ///< failures within `window` that make it FAILED
  std::chrono::microseconds window = std::chrono::hours(1);
  std::chrono::microseconds backoff_initial = std::chrono::seconds(1);
  std::chrono::microseconds backoff_max = std::chrono::seconds(60);
};

/// `api:` of weir.yaml.
struct ApiConfig {
  std::string listen = "127.0.0.1:8080";  ///< host:port; empty: off
  Place listen_at;
  std::string socket;  ///< absolute; empty without a runtime_dir
  SecretText token;
};

/// Limits of a job; weir.yaml's `defaults.limits` where a job is silent.
struct LimitsSpec {
  std::optional<std::uint32_t> threads;  ///< nothing: auto
  std::uint64_t memory_bytes = 512ULL * 1024 * 1024;
  std::optional<std::uint64_t> cpu_percent;  ///< of one core; nothing: no limit
};

/// weir.yaml, or the defaults without one.
///
/// Thread: any, immutable.
struct WeirConfig {
  std::shared_ptr<const SourceText> source;  ///< null without a file
  std::string instance = "weir";
  std::string state_dir;  ///< absolute; empty: $XDG_STATE_HOME/weir
  /// These three too, or empty: directories_of() knows what then.
  std::string jobs_dir;
  std::string log_dir;
  std::string runtime_dir;
  std::map<std::string, ClusterConfig> clusters;
  HdfsConfig hdfs;
  RestartSpec restart;
  LimitsSpec limits;
  ApiConfig api;
  MarkerSpec marker;  ///< the daemon's own
  LogOptions log;
};

}  // namespace weir
