#include "real/kafka_rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <set>

#include "base/random.h"
#include "formats/encoder.h"

namespace weir::kafka::test {
namespace {

constexpr int kWaitMs = 20'000;

rd_kafka_t* make_handle(rd_kafka_type_t type, const Properties& properties) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char reason[512];
  Properties all = {{"bootstrap.servers", brokers()}, {"log_level", "0"}};
  all.insert(all.end(), properties.begin(), properties.end());
  for (const auto& [name, value] : all) {
    INFO(reason);
    REQUIRE(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof reason) ==
            RD_KAFKA_CONF_OK);
  }
  rd_kafka_t* handle = rd_kafka_new(type, conf, reason, sizeof reason);
  REQUIRE(handle != nullptr);
  return handle;
}

void require_ok(rd_kafka_error_t* error) {
  const std::string text = error == nullptr ? "" : rd_kafka_error_string(error);
  if (error != nullptr) rd_kafka_error_destroy(error);
  REQUIRE(text.empty());
}

// Runs one admin request and returns the first error of its event.
template <class Request>
void admin(const Request& request) {
  rd_kafka_t* handle = make_handle(RD_KAFKA_PRODUCER, {});
  rd_kafka_queue_t* queue = rd_kafka_queue_new(handle);
  request(handle, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kWaitMs);
  REQUIRE(event != nullptr);
  INFO(rd_kafka_event_error_string(event));
  REQUIRE(rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(handle);
}

// Topics come and go in the metadata some time after the request was answered.
void wait_for_topic(const std::string& topic, bool there) {
  const auto client = Client::open(cluster(), RD_KAFKA_PRODUCER, {});
  REQUIRE(client);
  for (const MonoTime deadline = within(std::chrono::seconds(20));
       std::chrono::steady_clock::now() < deadline;) {
    const auto topics = list_topics(**client, deadline);
    REQUIRE(topics);
    if (topics->contains(topic) == there) return;
    usleep(20'000);
  }
  FAIL("topic " << topic << (there ? " did not appear" : " did not go"));
}

Arrived arrived(const rd_kafka_message_t& message) {
  const auto text = [](const void* bytes, std::size_t size) {
    return bytes == nullptr
               ? std::nullopt
               : std::optional<std::string>(std::in_place, static_cast<const char*>(bytes), size);
  };
  Arrived copy{.partition = message.partition,
               .message = {text(message.key, message.key_len), text(message.payload, message.len)},
               .headers = {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return copy;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    copy.headers.emplace_back(name, text(value, size));
  }
  return copy;
}

}  // namespace

std::string brokers() {
  const char* set = std::getenv("WEIR_TEST_BROKERS");
  if (set == nullptr || *set == '\0') {
    FAIL("WEIR_TEST_BROKERS is not set: these tests need a real Kafka (tests/README.md)");
  }
  return set;
}

std::string unique(const std::string& prefix) {
  SystemRandom random;
  return prefix + "-" + std::to_string(random.next() % 1'000'000'000);
}

KafkaCluster cluster() { return {.name = "test", .brokers = brokers()}; }
KafkaCluster nowhere() { return {.name = "nowhere", .brokers = "127.0.0.1:1"}; }

MonoTime within(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

void create_topic(const std::string& topic, int partitions,
                  const std::vector<std::pair<std::string, std::string>>& config) {
  char reason[256];
  rd_kafka_NewTopic_t* made =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, reason, sizeof reason);
  for (const auto& [name, value] : config) {
    rd_kafka_NewTopic_set_config(made, name.c_str(), value.c_str());
  }
  admin([&](rd_kafka_t* handle, rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(handle, &made, 1, nullptr, queue);
  });
  rd_kafka_NewTopic_destroy(made);
  wait_for_topic(topic, true);
}

void delete_topic(const std::string& topic) {
  rd_kafka_DeleteTopic_t* gone = rd_kafka_DeleteTopic_new(topic.c_str());
  admin([&](rd_kafka_t* handle, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopics(handle, &gone, 1, nullptr, queue);
  });
  rd_kafka_DeleteTopic_destroy(gone);
  wait_for_topic(topic, false);
}

void add_partitions(const std::string& topic, int partitions) {
  char reason[256];
  rd_kafka_NewPartitions_t* more = rd_kafka_NewPartitions_new(
      topic.c_str(), static_cast<std::size_t>(partitions), reason, sizeof reason);
  admin([&](rd_kafka_t* handle, rd_kafka_queue_t* queue) {
    rd_kafka_CreatePartitions(handle, &more, 1, nullptr, queue);
  });
  rd_kafka_NewPartitions_destroy(more);
}

void delete_records(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  const TopicList before = make_topic_list(1);
  rd_kafka_topic_partition_list_add(before.get(), topic.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(before.get());
  admin([&](rd_kafka_t* handle, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteRecords(handle, &request, 1, nullptr, queue);
  });
  rd_kafka_DeleteRecords_destroy(request);
}

void produce(const std::string& topic, std::int32_t partition,
             const std::vector<Message>& messages) {
  rd_kafka_t* handle = make_handle(RD_KAFKA_PRODUCER, {{"linger.ms", "1"}});
  for (const Message& message : messages) {
    const auto bytes = [](const std::optional<std::string>& text) {
      return std::pair(text ? const_cast<char*>(text->c_str()) : nullptr, text ? text->size() : 0);
    };
    const auto [key, key_size] = bytes(message.key);
    const auto [value, value_size] = bytes(message.value);
    REQUIRE(rd_kafka_producev(
                handle, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
                RD_KAFKA_V_VALUE(value, value_size), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  REQUIRE(rd_kafka_flush(handle, kWaitMs) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(handle);
}

std::vector<Arrived> read_arrived(const std::string& topic, int partitions) {
  rd_kafka_t* handle = make_handle(RD_KAFKA_CONSUMER, {{"group.id", "nobody"},
                                                       {"isolation.level", "read_committed"},
                                                       {"enable.partition.eof", "true"},
                                                       {"enable.auto.commit", "false"}});
  rd_kafka_poll_set_consumer(handle);
  const TopicList list = make_topic_list(static_cast<std::size_t>(partitions));
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  REQUIRE(rd_kafka_assign(handle, list.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
  std::vector<Arrived> seen;
  std::set<std::int32_t> ended;
  while (ended.size() < static_cast<std::size_t>(partitions)) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handle, kWaitMs);
    REQUIRE(message != nullptr);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended.insert(message->partition);
    } else {
      REQUIRE(message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
      seen.push_back(arrived(*message));
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  return seen;
}

std::vector<Message> read_committed(const std::string& topic, int partitions) {
  std::vector<Message> messages;
  for (Arrived& each : read_arrived(topic, partitions)) messages.push_back(std::move(each.message));
  return messages;
}

Stranger::Stranger(const std::string& transactional_id)
    : handle_(make_handle(RD_KAFKA_PRODUCER, {{"transactional.id", transactional_id}})) {
  require_ok(rd_kafka_init_transactions(handle_, kWaitMs));
}
Stranger::~Stranger() { rd_kafka_destroy(handle_); }
void Stranger::begin() { require_ok(rd_kafka_begin_transaction(handle_)); }
void Stranger::produce(const std::string& topic, const std::string& value) {
  REQUIRE(rd_kafka_producev(handle_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                            RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                            RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
  REQUIRE(rd_kafka_flush(handle_, kWaitMs) == RD_KAFKA_RESP_ERR_NO_ERROR);
}
void Stranger::send_offset(const std::string& group, const std::string& topic, std::int64_t offset,
                           const std::string& metadata) {
  const TopicList list = make_topic_list(1);
  rd_kafka_topic_partition_t* element =
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0);
  element->offset = offset;
  element->metadata = strdup(metadata.c_str());
  element->metadata_size = metadata.size();
  rd_kafka_consumer_group_metadata_t* as = rd_kafka_consumer_group_metadata_new(group.c_str());
  rd_kafka_error_t* error = rd_kafka_send_offsets_to_transaction(handle_, list.get(), as, kWaitMs);
  rd_kafka_consumer_group_metadata_destroy(as);
  require_ok(error);
}
void Stranger::commit() { require_ok(rd_kafka_commit_transaction(handle_, kWaitMs)); }
void Stranger::abort() { require_ok(rd_kafka_abort_transaction(handle_, kWaitMs)); }

void commit_plainly(const std::string& group, const std::string& topic, std::int64_t offset,
                    const std::string& metadata) {
  rd_kafka_t* handle =
      make_handle(RD_KAFKA_CONSUMER, {{"group.id", group}, {"enable.auto.commit", "false"}});
  const TopicList list = make_topic_list(1);
  rd_kafka_topic_partition_t* element =
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0);
  element->offset = offset;
  if (!metadata.empty()) {
    element->metadata = strdup(metadata.c_str());
    element->metadata_size = metadata.size();
  }
  REQUIRE(rd_kafka_commit(handle, list.get(), 0) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

Member::Member(const std::string& group, const std::string& topic)
    : handle_(
          make_handle(RD_KAFKA_CONSUMER, {{"group.id", group}, {"enable.auto.commit", "false"}})) {
  const TopicList list = make_topic_list(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  REQUIRE(rd_kafka_subscribe(handle_, list.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
  for (int i = 0; i < 200; ++i) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handle_, 100);
    if (message != nullptr) rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_t* assigned = nullptr;
    REQUIRE(rd_kafka_assignment(handle_, &assigned) == RD_KAFKA_RESP_ERR_NO_ERROR);
    const bool joined = assigned->cnt > 0;
    rd_kafka_topic_partition_list_destroy(assigned);
    if (joined) return;
  }
  FAIL("the member did not join");
}
Member::~Member() {
  rd_kafka_consumer_close(handle_);
  rd_kafka_destroy(handle_);
}

TestLane same_lane(const LaneId& id, const std::string& topic, const Properties& properties,
                   const KafkaCluster& on, const std::string& compression) {
  TestLane lane{.id = id,
                .kafka = on,
                .topic = topic,
                .group = "test." + id.job,
                .slot = nullptr,
                .sink = nullptr,
                .make_decider = {}};
  lane.slot =
      std::make_shared<ProducerSlot>(ProducerOptions{.topics = {{.topic = topic,
                                                                 .partitioner = "murmur2_random",
                                                                 .compression = compression,
                                                                 .properties = properties}}});
  Result<std::unique_ptr<Encoder>> encoder =
      make_encoder(Format::kRaw, Schema({{"value", {TypeKind::kText}, false}}));
  REQUIRE(encoder);
  lane.sink = make_kafka_sink({.name = "out",
                               .cluster = on,
                               .topic = topic,
                               .encoder = std::move(*encoder),
                               .make_parts = {}},
                              lane.slot);
  lane.make_decider = kafka_decider_factory(
      {.cluster = on, .lane = lane.id, .mirror_groups = {{"in", lane.group}}}, lane.slot);
  return lane;
}

Cell TestLane::cell(std::int64_t epoch, std::uint64_t attempt) const {
  Cell cell;
  cell.id = id;
  cell.epoch = EpochId{epoch};
  cell.attempt = AttemptId{attempt};
  cell.owner = OwnerId{77};
  cell.plan = PlanHash{5};
  cell.host = "test";
  cell.claimed_at = std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000));
  return cell;
}

TestLane test_lane(const std::string& output_topic, const Properties& properties,
                   const KafkaCluster& on, const std::string& compression) {
  return same_lane({"test", unique("job"), "0"}, output_topic, properties, on, compression);
}

std::unique_ptr<Decider> ready_decider(const TestLane& lane) {
  Result<std::unique_ptr<Decider>> decider = lane.make_decider();
  REQUIRE(decider);
  const Result<> placed = (*decider)->ensure_cell_place(within(std::chrono::seconds(20)));
  REQUIRE(placed);
  const Result<> fenced = (*decider)->fence(within(std::chrono::seconds(20)));
  INFO((fenced ? "" : fenced.error().message()));
  REQUIRE(fenced);
  return std::move(*decider);
}

void cut_connections() {
  const std::string address = brokers();
  const int port = std::stoi(address.substr(address.find(':') + 1));
  DIR* open = opendir("/proc/self/fd");
  REQUIRE(open != nullptr);
  while (const dirent* entry = readdir(open)) {
    const int fd = std::atoi(entry->d_name);
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) shutdown(fd, SHUT_RDWR);
  }
  closedir(open);
}

}  // namespace weir::kafka::test
