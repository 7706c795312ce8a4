#include "connectors/kafka/client.h"

#include <algorithm>
#include <array>
#include <future>
#include <thread>

#include "base/log.h"
#include "base/log_line.h"
#include "connectors/kafka/bearer_token.h"

namespace weir::kafka {
namespace {

// epochs.md, section 7, with the reasons there.
const Properties kCommon = {
    {"socket.timeout.ms", "10000"},        {"socket.max.fails", "1"},
    {"log.connection.close", "true"},      {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "300"},   {"socket.keepalive.enable", "true"},
    {"allow.auto.create.topics", "false"}, {"client.software.name", "weir"},
};

std::string acl_command(rd_kafka_resp_err_t code) {
  const std::string head =
      "grant it with: kafka-acls --bootstrap-server BROKER --add --allow-principal User:NAME ";
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return head +
             "--operation Read --operation Describe --topic TOPIC (a topic that is written: "
             "--operation Write)";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return head + "--operation Read --group GROUP";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return head + "--operation Write --operation Describe --transactional-id ID";
    default:
      return head + "--operation IdempotentWrite --cluster";
  }
}

struct Meaning {
  Action action;
  Code code;
};

Meaning meaning_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
      return {Action::kRetry, Code::kBrokersUnreachable};
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
    // While brokers start, fewer are alive than a topic shall have replicas.
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
      return {Action::kRetry, Code::kClusterNotReady};
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR__SSL:
      return {Action::kStopJob, Code::kAuthenticationFailed};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return {Action::kStopJob, Code::kPermissionMissing};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return {Action::kRecover, Code::kRowsRefused};
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return {Action::kRecover, Code::kTopicMissing};
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
      return {Action::kRecover, Code::kFenced};
    default:
      return {Action::kRecover, Code::kNone};
  }
}

LogLevel level_of(int syslog) {
  if (syslog <= 3) return LogLevel::kWarn;
  return syslog <= 5 ? LogLevel::kInfo : LogLevel::kDebug;
}

Result<> set_all(rd_kafka_conf_t* conf, const Properties& properties, std::string_view whose) {
  std::array<char, 512> reason{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) !=
        RD_KAFKA_CONF_OK) {
      // Not the value: it may be a secret.
      return Error{Action::kStopJob, Code::kBadValue,
                   std::string(whose) + ": property \"" + name +
                       "\" was refused by librdkafka: " + reason.data()};
    }
  }
  return {};
}

// Each of a process's handles says of each broker that is away what the others say, as long as it
// is away; what follows from it the lane says. `line` with how often it was held back before, or
// nothing.
std::optional<std::string> once_a_minute(const std::string& line) {
  struct Said {
    Mutex mutex;  // log callbacks are any thread's
    RepeatLimit repeats WEIR_GUARDED_BY(mutex){1};
  };
  static Said said;
  const MutexLock lock(said.mutex);
  const auto held_back = said.repeats.admit(line, std::chrono::steady_clock::now());
  if (!held_back) return std::nullopt;
  return *held_back == 0 ? line : line + " (and " + std::to_string(*held_back) + " times before)";
}

// Destroys the handle, and gives the wait for it up after `patience`. A consumer that is left
// behind commits nothing and writes nothing; what it holds is its threads and a connection.
void destroy_consumer(rd_kafka_t* handle, std::chrono::milliseconds patience) {
  std::promise<void> promise;
  const std::future<void> destroyed = promise.get_future();
  // Nothing of it may write to a log that the process has closed.
  rd_kafka_set_log_level(handle, 0);
  std::thread([handle, done = std::move(promise)]() mutable {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    done.set_value();
  }).detach();
  if (destroyed.wait_for(patience) == std::future_status::ready) return;
  log(LogLevel::kWarn, "a Kafka consumer did not end within " + std::to_string(patience.count()) +
                           " ms and is left behind with its threads, as librdkafka before 2.1.0 "
                           "leaves those whose topic was deleted");
}

// A broker that goes away in the middle of a handshake is reported as _SSL or _AUTHENTICATION too.
bool is_disconnect(std::string_view reason) {
  for (const std::string_view text : {"isconnect", "onnection reset", "imed out", "roken pipe"}) {
    if (reason.find(text) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Error to_error(rd_kafka_resp_err_t code, std::string_view what, std::string_view detail) {
  const Meaning meaning = meaning_of(code);
  std::string message =
      std::string(what) + ": " +
      (detail.empty() ? std::string(rd_kafka_err2str(code)) : std::string(detail)) + " (" +
      rd_kafka_err2name(code) + ")";
  if (meaning.code == Code::kPermissionMissing) message += "; " + acl_command(code);
  return {meaning.action, meaning.code, std::move(message)};
}

Error with_name(Error error, std::string_view placeholder, std::string_view name) {
  std::string message = error.message();
  const std::size_t command = message.find("kafka-acls ");
  const std::size_t at = command == std::string::npos
                             ? command
                             : message.find(" " + std::string(placeholder), command);
  if (at == std::string::npos) return error;
  message.replace(at + 1, placeholder.size(), name);
  return {error.action(), error.code(), std::move(message)};
}

std::string_view without_counts(std::string_view text) {
  if (text.starts_with("[thrd:")) {
    if (const std::size_t end = text.find("]: "); end != std::string_view::npos) {
      text.remove_prefix(end + 3);
    }
  }
  const std::size_t counts = text.rfind(" (after ");
  return text.ends_with(')') ? text.substr(0, counts) : text;
}

std::string login_hint(std::string_view mechanism, int librdkafka_version) {
  if (mechanism == "GSSAPI") {
    return "; Kerberos needs the packages libsasl2-modules-gssapi-mit (the mechanism) and "
           "krb5-user "
           "(kinit), and a key of `principal` in `keytab`";
  }
  constexpr int kScramMended = 0x020601ff;
  const bool scram = mechanism.substr(0, 5) == "SCRAM" || mechanism.substr(0, 5) == "scram";
  if (!scram || librdkafka_version >= kScramMended) return {};
  return "; if user name and password are right: brokers from Kafka 4.0 on refuse every SCRAM "
         "login "
         "of librdkafka before 2.6.1, and this is " +
         std::to_string(librdkafka_version >> 24) + "." +
         std::to_string((librdkafka_version >> 16) & 0xff) + "." +
         std::to_string((librdkafka_version >> 8) & 0xff) +
         ". Use `mechanism: plain` over sasl_ssl, or a newer librdkafka";
}

bool never_ends(bool topic_was_gone, int librdkafka_version) {
  constexpr int kMended = 0x020100ff;
  return topic_was_gone && librdkafka_version < kMended;
}

int ms_left(MonoTime deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, 600'000));
}

TopicList make_topic_list(std::size_t capacity) {
  return TopicList(rd_kafka_topic_partition_list_new(static_cast<int>(capacity)));
}

Result<std::unique_ptr<Client>> Client::open(const KafkaCluster& cluster, rd_kafka_type_t type,
                                             const Properties& more,
                                             const std::function<void(rd_kafka_conf_t*)>& customize,
                                             void* user) {
  WEIR_ASSIGN(const Properties cluster_properties, cluster.properties.read());
  std::unique_ptr<Client> client(new Client(user));
  client->brokers_ = cluster.brokers;
  client->token_ = cluster.token;
  for (const auto& [name, value] : cluster_properties) {
    if (name == "sasl.mechanism") client->login_hint_ = login_hint(value, rd_kafka_version());
  }
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_opaque(conf, client.get());
  rd_kafka_conf_set_error_cb(conf, &Client::on_error);
  rd_kafka_conf_set_log_cb(conf, &Client::on_log);
  Result<> set = set_all(conf, kCommon, "weir");
  if (set) set = set_all(conf, {{"bootstrap.servers", cluster.brokers}}, "brokers");
  if (set) set = set_all(conf, cluster_properties, "cluster " + cluster.name);
  if (set) set = set_all(conf, more, "weir");
  if (!set) {
    rd_kafka_conf_destroy(conf);
    return std::move(set.error());
  }
  if (client->token_) {
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, &Client::on_token);
    rd_kafka_conf_enable_sasl_queue(conf, 1);
  }
  if (customize) customize(conf);
  std::array<char, 512> reason{};
  client->handle_ = rd_kafka_new(type, conf, reason.data(), reason.size());
  if (client->handle_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Error{Action::kStopJob, Code::kBadValue,
                 "cannot make a Kafka client for " + cluster.name + ": " + reason.data()};
  }
  // In librdkafka's own thread: not every handle is polled while it connects.
  if (client->token_) {
    rd_kafka_error_t* const refused = rd_kafka_sasl_background_callbacks_enable(client->get());
    if (refused != nullptr) {
      const std::string why = rd_kafka_error_string(refused);
      rd_kafka_error_destroy(refused);
      return Error{Action::kStopJob, Code::kBadValue, "librdkafka cannot ask for tokens: " + why};
    }
  }
  return client;
}

Client::~Client() {
  if (handle_ == nullptr) return;
  if (rd_kafka_type(handle_) == RD_KAFKA_CONSUMER) {
    constexpr std::chrono::milliseconds kDestroyMax(5000);
    // The lane waits meanwhile.
    constexpr std::chrono::milliseconds kHopelessMax(300);
    destroy_consumer(handle_,
                     never_ends(topic_was_gone_, rd_kafka_version()) ? kHopelessMax : kDestroyMax);
  } else {
    rd_kafka_destroy(handle_);
  }
}

std::optional<Error> Client::fault() const {
  const MutexLock lock(mutex_);
  return fault_;
}

Error Client::explained(Error error) {
  if (error.code() != Code::kBrokersUnreachable) {
    return with_name(std::move(error), "BROKER", brokers_);
  }
  poll();  // error_cb comes from it
  if (std::optional<Error> known = fault()) return std::move(*known);
  const MutexLock lock(mutex_);
  return {error.action(), error.code(),
          error.message() + "; brokers " + brokers_ +
              (last_reason_.empty() ? "" : ": " + last_reason_)};
}

void Client::on_error(rd_kafka_t* /*handle*/, int code, const char* reason, void* opaque) {
  auto* const client = static_cast<Client*>(opaque);
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
    client->topic_gone_ = true;
    client->topic_was_gone_ = true;
    return;
  }
  const bool login = error == RD_KAFKA_RESP_ERR__AUTHENTICATION;
  const Error meant =
      to_error(error, "connecting", login ? reason + client->login_hint_ : std::string(reason));
  const MutexLock lock(client->mutex_);
  // "1/1 brokers are down" says less than the failed connection before it.
  if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) client->last_reason_ = without_counts(reason);
  const bool refused =
      meant.code() == Code::kAuthenticationFailed || meant.code() == Code::kPermissionMissing;
  // While the token before is good, or none could be read, the next try is some seconds away.
  const bool token_late = client->token_late_ && std::string_view(reason).starts_with(
                                                     "Failed to acquire SASL OAUTHBEARER token");
  if (refused && !is_disconnect(reason) && !token_late) client->fault_ = meant;
}

void Client::on_token(rd_kafka_t* handle, const char* /*config*/, void* opaque) {
  auto* const client = static_cast<Client*>(opaque);
  const Result<std::string> text = client->token_();
  if (!text) client->token_late_ = true;
  std::array<char, 512> reason{};
  if (text) {
    const BearerToken token = read_bearer_token(*text, SystemClock().wall());
    if (rd_kafka_oauthbearer_set_token(handle, token.text.c_str(), token.expires_ms,
                                       token.principal.c_str(), nullptr, 0, reason.data(),
                                       reason.size()) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      client->token_late_ = true;
      return;
    }
  }
  rd_kafka_oauthbearer_set_token_failure(handle,
                                         text ? reason.data() : text.error().message().c_str());
}

void Client::on_log(const rd_kafka_t* /*handle*/, int level, const char* facility,
                    const char* text) {
  const LogLevel as = level_of(level);
  if (!log_enabled(as)) return;
  const std::string line =
      std::string("kafka ") + facility + ": " + std::string(without_counts(text));
  if (const std::optional<std::string> admitted = once_a_minute(line)) log(as, *admitted);
}

std::string no_topic(const KafkaCluster& cluster, const std::string& topic) {
  return "topic \"" + topic + "\" does not exist in cluster " + cluster.name +
         " (weir creates no topics; make it with: kafka-topics --bootstrap-server " +
         cluster.brokers + " --create --topic " + topic + ")";
}

Result<std::map<std::string, std::int32_t>> list_topics(Client& client, MonoTime deadline) {
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_resp_err_t error{};
  // The call waits for a connection and knows nothing of a refused login, so it is made in parts,
  // each twice as long: a slow broker answers one of them.
  for (int part_ms = 1000;; part_ms *= 2) {
    const int left = ms_left(deadline);
    error = rd_kafka_metadata(client.get(), 1, nullptr, &metadata, std::min(part_ms, left));
    client.poll();
    // _TRANSPORT is what it answers when no broker was connected in time.
    const bool again =
        error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT;
    if (!again || client.fault() || left <= part_ms) break;
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    client.poll();
    return client.explained(to_error(error, "asking the cluster for its topics"));
  }
  std::map<std::string, std::int32_t> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) topics[topic.topic] = topic.partition_cnt;
  }
  rd_kafka_metadata_destroy(metadata);
  return topics;
}

}  // namespace weir::kafka
