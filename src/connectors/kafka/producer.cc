#include "connectors/kafka/producer.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "connectors/kafka/queue_bounds.h"

namespace weir::kafka {
namespace {

// epochs.md, section 7.
const Properties kProducerSettings = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"message.timeout.ms", "45000"},
    // 20 ms fill a batch of 1 MB at full speed; an epoch waits at its seal for its last batch.
    {"linger.ms", "20"},
};

// `record`: what it is made of; empty when that is not known.
std::string what_of(const rd_kafka_message_t& message, const std::string& record) {
  return std::string("writing to topic ") + rd_kafka_topic_name(message.rkt) + ", a record of " +
         std::to_string(message.len) + " bytes" +
         (record.empty() ? "" : " made of record " + record);
}

bool is_transactional(std::int16_t api_key) {
  // Produce, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, TxnOffsetCommit.
  return api_key == 0 || api_key == 24 || api_key == 25 || api_key == 26 || api_key == 28;
}

// A batch of several records is never above what a topic takes, so that one which a broker refuses
// as too large holds a single record. librdkafka counts the request's header too.
void limit_batches(rd_kafka_conf_t* conf, std::uint64_t bytes_max) {
  constexpr const char* kName = "batch.size";
  std::array<char, 32> text{};
  std::size_t size = text.size();
  std::uint64_t now = bytes_max;
  if (rd_kafka_conf_get(conf, kName, text.data(), &size) == RD_KAFKA_CONF_OK) {
    std::from_chars(text.data(), text.data() + size, now);
  }
  if (now <= bytes_max) return;
  const std::string limit = std::to_string(std::max<std::uint64_t>(bytes_max, 1));
  rd_kafka_conf_set(conf, kName, limit.c_str(), nullptr, 0);
}

}  // namespace

Result<std::shared_ptr<Producer>> Producer::open(const KafkaCluster& cluster,
                                                 const std::string& transactional_id,
                                                 const ProducerOptions& options) {
  std::shared_ptr<Producer> producer(new Producer(options.sources));
  Properties settings = kProducerSettings;
  if (!transactional_id.empty()) {
    settings.emplace_back("transactional.id", transactional_id);
    // Kafka's default; what stays open longer was abandoned.
    settings.emplace_back("transaction.timeout.ms", "60000");
  }
  const OutputBounds bounds = bound_output(options.queue_bytes);
  settings.emplace_back("queue.buffering.max.kbytes", std::to_string(bounds.kbytes_max));
  settings.emplace_back("queue.buffering.max.messages", std::to_string(bounds.messages_max));
  for (const OutputTopic& topic : options.topics) {
    WEIR_ASSIGN(const Properties own, topic.properties.read());
    settings.insert(settings.end(), own.begin(), own.end());
  }
  producer->transactional_ = !transactional_id.empty();
  producer->limits_ = options.limits;
  producer->batch_bytes_max_ = options.limits->batch_bytes_max();
  auto customize = [&](rd_kafka_conf_t* conf) {
    if (producer->batch_bytes_max_) limit_batches(conf, *producer->batch_bytes_max_);
    rd_kafka_conf_set_dr_msg_cb(
        conf, [](rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* opaque) {
          static_cast<Producer*>(static_cast<Client*>(opaque)->user())->on_report(*message);
        });
    rd_kafka_conf_set_closesocket_cb(conf, &Producer::on_close_socket);
    rd_kafka_conf_interceptor_add_on_new(conf, "weir", &Producer::on_new, producer.get());
  };
  WEIR_ASSIGN(producer->client_,
              Client::open(cluster, RD_KAFKA_PRODUCER, settings, customize, producer.get()));
  for (const OutputTopic& topic : options.topics) {
    // Not topic_conf_new(): that would lose message.timeout.ms and the job's own properties.
    rd_kafka_topic_conf_t* conf = rd_kafka_default_topic_conf_dup(producer->get());
    char reason[256];
    for (const auto& [name, value] :
         Properties{{"partitioner", topic.partitioner}, {"compression.codec", topic.compression}}) {
      if (rd_kafka_topic_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof reason) !=
          RD_KAFKA_CONF_OK) {
        rd_kafka_topic_conf_destroy(conf);
        return Error{Action::kStopJob, Code::kBadValue, "topic " + topic.topic + ": " + reason};
      }
    }
    rd_kafka_topic_t* handle = rd_kafka_topic_new(producer->get(), topic.topic.c_str(), conf);
    if (handle == nullptr) {
      const rd_kafka_resp_err_t error = rd_kafka_last_error();
      rd_kafka_topic_conf_destroy(conf);
      return to_error(error, "opening topic " + topic.topic);
    }
    producer->topics_.push_back(
        {topic.topic, handle, topic.rows_choose_partition, topic.compression != "none", {}});
  }
  producer->poller_ =
      std::jthread([raw = producer.get()](const std::stop_token& stop) { raw->poll_loop(stop); });
  return producer;
}

Producer::~Producer() { close(); }

void Producer::close() {
  closed_ = true;
  // A batch of writes takes microseconds and never waits.
  while (users_ != 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
  if (poller_.joinable()) {
    poller_.request_stop();
    // rd_kafka_yield() is for the calling thread only; this one reaches the poller.
    rd_kafka_queue_t* const main = rd_kafka_queue_get_main(get());
    rd_kafka_queue_yield(main);
    rd_kafka_queue_destroy(main);
    poller_.join();
  }
  for (const Topic& topic : topics_) rd_kafka_topic_destroy(topic.handle);
  topics_.clear();
  client_.reset();
}

rd_kafka_topic_t* Producer::topic(const std::string& name) const {
  for (const Topic& topic : topics_) {
    if (topic.name == name) return topic.handle;
  }
  return nullptr;
}

// librdkafka refuses a partition at once when it knows the topic, and only in the delivery report
// when it does not; its answer has gone through its own table.
Result<> Producer::learn_partitions(const std::string& topic, MonoTime deadline) {
  const auto found = std::find_if(topics_.begin(), topics_.end(),
                                  [&](const Topic& each) { return each.name == topic; });
  if (found == topics_.end() || !found->rows_choose_partition) return {};
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(get(), 0, found->handle, &metadata, ms_left(deadline));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return client_->explained(to_error(error, "asking for the partitions of " + topic));
  }
  if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    found->partitions = metadata->topics[0].partition_cnt;
  }
  rd_kafka_metadata_destroy(metadata);
  return {};
}

std::optional<std::int32_t> Producer::partitions(const rd_kafka_topic_t* topic) const {
  for (const Topic& each : topics_) {
    if (each.handle == topic) return each.partitions;
  }
  return std::nullopt;
}

void Producer::poll_loop(const std::stop_token& stop) {
  // 500 ms: only errors and logs come while no report is due; reports end the wait at once. Who
  // waits for one that is not coming is woken too.
  while (!stop.stop_requested()) {
    rd_kafka_poll(get(), 500);
    wake_waiting();
  }
}

void Producer::wake_waiting() {
  if (!waiting_) return;
  const MutexLock lock(mutex_);
  if (outstanding() > wake_at_) return;
  for (const Waker* room : rooms_) room->wake();
  rooms_.clear();
  waiting_ = false;
}

void Producer::wait_for_room(const Waker* room) {
  const MutexLock lock(mutex_);
  // Not at the first report: the workers would wake for a few records each.
  wake_at_ = outstanding() * 3 / 4;
  add_room(room);
}

bool Producer::wait_for_cause(const Waker* room) {
  const MutexLock lock(mutex_);
  if (first_error_ || outstanding() == 0) return false;
  wake_at_ = outstanding();
  add_room(room);
  return true;
}

void Producer::add_room(const Waker* room) {
  if (std::find(rooms_.begin(), rooms_.end(), room) == rooms_.end()) rooms_.push_back(room);
  waiting_ = true;
}

void Producer::forget_room(const Waker* room) {
  const MutexLock lock(mutex_);
  std::erase(rooms_, room);
}

void Producer::on_report(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Error meant = message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
                      ? too_large(message)
                      : to_error(message.err, what_of(message, marks_.record_of(message._private)));
    const MutexLock lock(mutex_);
    const bool purged = message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                        message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    std::optional<Error>& error = purged ? purge_ : first_error_;
    if (!error) error = std::move(meant);
  }
  reported_.fetch_add(1);
}

Error Producer::too_large(const rd_kafka_message_t& message) {
  const std::string name = rd_kafka_topic_name(message.rkt);
  const std::string what = what_of(message, marks_.record_of(message._private));
  const std::optional<std::uint64_t> limit = limits_->batch_bytes_max(name);
  const auto topic = std::find_if(topics_.begin(), topics_.end(),
                                  [&](const Topic& each) { return each.name == name; });
  // A batch of this handle may hold several records when the limit was lowered since.
  const bool alone = limit && batch_bytes_max_ && *batch_bytes_max_ <= *limit;
  std::vector<RecordHeader> headers;
  if (alone && limits_->note(name, record_of(message, headers), topic->compressed)) {
    return {Action::kRecover, Code::kRowTooLarge,
            what + ": the topic takes at most " + std::to_string(*limit) +
                " bytes (its max.message.bytes); the epoch is tried again, and `errors: { sink: "
                "... }` says what becomes of this row"};
  }
  std::string hint =
      " or the batch that it is in (the topic's max.message.bytes bounds batches too; "
      "`properties: { batch.size: N }` of the sink makes smaller ones";
  hint += limit ? ")" : "; with the permission DescribeConfigs on the topic weir does it itself)";
  return to_error(message.err, what + hint);
}

void Producer::begin() {
  const MutexLock lock(mutex_);
  first_error_.reset();
  purge_.reset();
}

bool Producer::settled() const {
  if (outstanding() != 0 || rd_kafka_fatal_error(get(), nullptr, 0) != 0) return false;
  const MutexLock lock(mutex_);
  return !first_error_;
}

Result<> Producer::flush(MonoTime deadline) {
  // 2 ms: while rd_kafka_flush runs, nothing lingers; when the poller takes the last report, this
  // is how long it goes on waiting for one.
  constexpr int kSliceMs = 2;
  // Of a transaction that has failed nothing more is sent, and what waits would wait for
  // message.timeout.ms. Batches under way may still say which other rows are refused.
  constexpr std::chrono::milliseconds kFailedPatience(200);
  std::optional<MonoTime> failed_until;
  while (outstanding() != 0) {
    const MonoTime now = std::chrono::steady_clock::now();
    if (transactional_ && has_failed()) {
      if (!failed_until) failed_until = now + kFailedPatience;
      if (now >= *failed_until) break;
    }
    if (now >= deadline) {
      return Error{Action::kRecover, Code::kBrokersUnreachable,
                   "the broker did not acknowledge every record of the epoch in time"};
    }
    // Its result says nothing about delivery: the reports do.
    rd_kafka_flush(get(), kSliceMs);
    wake_waiting();
  }
  if (std::optional<Error> error = cause()) return std::move(*error);
  return {};
}

bool Producer::has_failed() const {
  const MutexLock lock(mutex_);
  return first_error_.has_value();
}

// Whatever the broker said, the epoch's rows are not all there.
std::optional<Error> Producer::cause() {
  const MutexLock lock(mutex_);
  const std::optional<Error>& error = first_error_ ? first_error_ : purge_;
  if (!error) return {};
  const Action action = error->action() == Action::kRetry ? Action::kRecover : error->action();
  return Error{action, error->code(), error->message()};
}

int Producer::on_close_socket(int socket, void* opaque) {
  static_cast<Producer*>(static_cast<Client*>(opaque)->user())->doubts_.fetch_add(1);
  return ::close(socket);
}

rd_kafka_resp_err_t Producer::on_response(rd_kafka_t* /*handle*/, int /*socket*/,
                                          const char* /*broker*/, std::int32_t /*broker_id*/,
                                          std::int16_t api_key, std::int16_t /*api_version*/,
                                          std::int32_t /*correlation_id*/, std::size_t /*size*/,
                                          std::int64_t /*round_trip_us*/, rd_kafka_resp_err_t error,
                                          void* opaque) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR && is_transactional(api_key)) {
    static_cast<Producer*>(opaque)->doubts_.fetch_add(1);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t Producer::on_new(rd_kafka_t* handle, const rd_kafka_conf_t* /*conf*/,
                                     void* opaque, char* /*reason*/, std::size_t /*reason_size*/) {
  return rd_kafka_interceptor_add_on_response_received(handle, "weir", &Producer::on_response,
                                                       opaque);
}

}  // namespace weir::kafka
