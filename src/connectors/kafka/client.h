#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "connectors/kafka/position.h"

namespace weir::kafka {

using Properties = std::vector<std::pair<std::string, std::string>>;

/// Properties as they are at each connect, so that a secret that was changed is taken up.
///
/// Thread: any, immutable; what it reads is as safe as what it was made from.
class PropertyReader {
 public:
  PropertyReader() = default;
  PropertyReader(Properties constant)
      : read_([constant = std::move(constant)] { return Result<Properties>(constant); }) {}
  PropertyReader(std::function<Result<Properties>()> read) : read_(std::move(read)) {}

  /// Errors: kRetry for a file that cannot be read now.
  Result<Properties> read() const { return read_ ? read_() : Result<Properties>(Properties{}); }

 private:
  std::function<Result<Properties>()> read_;
};

/// A cluster and how to reach it. Copied freely; immutable.
struct KafkaCluster {
  std::string name;     ///< for people: the name in weir.yaml, or the brokers
  std::string brokers;  ///< bootstrap.servers
  std::string epoch_topic = "weir-epochs";
  PropertyReader properties = {};  ///< librdkafka's of the cluster, security among them
  /// The token of SASL OAUTHBEARER, called whenever the one before is about to expire. Null for
  /// other mechanisms, and where librdkafka itself asks an endpoint for it.
  std::function<Result<std::string>()> token = nullptr;
};

/// What an error of librdkafka or a broker means for the caller. `what` is what was tried, such as
/// "reading the offsets of group prod.clicks".
Error to_error(rd_kafka_resp_err_t code, std::string_view what, std::string_view detail = {});

/// `error`; where it shows a command with `placeholder`, such as GROUP, the name in its place.
/// Pure.
Error with_name(Error error, std::string_view placeholder, std::string_view name);

/// A line of librdkafka's without what differs each time that it says the same: its thread, and
/// behind the message milliseconds and a count. Pure.
std::string_view without_counts(std::string_view text);

/// What to try when a broker refuses a login by `mechanism` although user name and password are
/// right: SCRAM of a librdkafka before 2.6.1 fails with Kafka 4, GSSAPI needs more than librdkafka.
/// Empty for all others. Pure.
std::string login_hint(std::string_view mechanism, int librdkafka_version);

/// True for a consumer that librdkafka does not come back from destroying: before 2.1.0 it keeps a
/// reference to a broker for a partition whose topic goes while it is assigned. Pure.
bool never_ends(bool topic_was_gone, int librdkafka_version);

/// Whole milliseconds until `deadline`, at least 1: librdkafka takes 0 for "do not wait".
int ms_left(MonoTime deadline);

/// One librdkafka handle with its log and its connection faults.
///
/// Owned by whoever opened it; destroying it closes its connections and joins its threads. A
/// consumer that does not end within 5 s is left behind with them, one that seems never to end
/// (never_ends()) sooner. Thread: as librdkafka's handles,
/// any.
class Client {
 public:
  /// `more` is set after weir's own settings and the cluster's properties. `customize`, when given,
  /// sets callbacks; the handle's opaque is the Client.
  /// Errors: kStopJob for a setting that librdkafka refuses.
  static Result<std::unique_ptr<Client>> open(
      const KafkaCluster& cluster, rd_kafka_type_t type, const Properties& more,
      const std::function<void(rd_kafka_conf_t*)>& customize = {}, void* user = nullptr);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return handle_; }
  void* user() const { return user_; }

  /// What makes every call time out, when librdkafka has said so: refused credentials, a broken
  /// certificate. Reading does not clear it.
  std::optional<Error> fault() const WEIR_EXCLUDES(mutex_);
  /// A topic or partition of this handle vanished since the last call.
  bool take_topic_gone() { return topic_gone_.exchange(false); }
  /// Serves callbacks; for handles that nobody else polls.
  void poll() { rd_kafka_poll(handle_, 0); }

  /// `error`; when it is an outage, with the brokers' addresses and the last thing librdkafka said
  /// about a connection, or the fault in its place. The command of a missing permission names the
  /// cluster's brokers.
  Error explained(Error error) WEIR_EXCLUDES(mutex_);

 private:
  Client(void* user) : user_(user) {}
  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* opaque);
  static void on_token(rd_kafka_t* handle, const char* config, void* opaque);
  static void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text);

  void* const user_;
  std::string login_hint_;  // these three constant after open()
  std::string brokers_;
  std::function<Result<std::string>()> token_;
  rd_kafka_t* handle_ = nullptr;
  std::atomic<bool> topic_gone_ = false;
  std::atomic<bool> topic_was_gone_ = false;  // since it was opened
  std::atomic<bool> token_late_ = false;      // one was there, or could not be read: waiting helps
  mutable Mutex mutex_;
  std::optional<Error> fault_ WEIR_GUARDED_BY(mutex_);
  std::string last_reason_ WEIR_GUARDED_BY(mutex_);  // of error_cb
};

struct TopicListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using TopicList = std::unique_ptr<rd_kafka_topic_partition_list_t, TopicListDeleter>;
TopicList make_topic_list(std::size_t capacity);

/// Topics of the cluster with the number of their partitions, asked for all at once: a request for
/// a single topic may create it. Blocks until `deadline`, or until a login is known to be refused.
/// Errors: kRetry; kStopJob for refused credentials and certificates.
Result<std::map<std::string, std::int32_t>> list_topics(Client& client, MonoTime deadline);
/// That a topic does not exist, and what makes it.
std::string no_topic(const KafkaCluster& cluster, const std::string& topic);

}  // namespace weir::kafka
