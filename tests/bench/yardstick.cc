// What bare librdkafka needs for the work that weir does, with weir's own clients and settings:
//   yardstick consume BROKERS INPUT          reads a topic to its end and throws it away
//   yardstick copy    BROKERS INPUT OUTPUT   the same, and writes every record to another topic, in
//                                            transactions of one second with the input's offsets
// Prints the number of records. scripts/bench runs it beside weir and compares CPU seconds.
#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/producer.h"
#include "connectors/kafka/queue_bounds.h"
#include "plan/memory.h"

namespace {

using std::chrono::steady_clock;
using weir::kafka::Client;
using weir::kafka::KafkaCluster;
using weir::kafka::Producer;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "yardstick: %s\n", why.c_str());
  std::exit(1);
}

void must(rd_kafka_error_t* error, const char* what) {
  if (error != nullptr) die(std::string(what) + ": " + rd_kafka_error_string(error));
}

// A job with the default limits.memory.
constexpr weir::MemoryShares kMemory = weir::share_memory(512ULL << 20U);
// That reads four partitions.
const weir::kafka::QueueBounds kQueues = weir::kafka::share_queues(kMemory.fetch_bytes, 4);

// As connectors/kafka/source.cc sets them.
const weir::kafka::Properties kConsumerSettings = {
    {"group.id", "yardstick"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"isolation.level", "read_committed"},
    {"enable.partition.eof", "true"},
    {"check.crcs", "true"},
    {"queued.min.messages", std::to_string(kQueues.messages_max)},
    {"queued.max.messages.kbytes", std::to_string(kQueues.kbytes_max)},
    {"fetch.wait.max.ms", "500"},
};

// One partition, read by a thread of its own.
struct Partition {
  rd_kafka_queue_t* queue = nullptr;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::atomic<std::int64_t> next =
      0;  // its thread writes, the committer reads while it holds the gate
  std::int64_t records = 0;
};

// Where copies go. Workers hold the gate shared while they produce; a commit holds it alone.
struct Copy {
  std::shared_ptr<Producer> producer;
  rd_kafka_topic_t* topic = nullptr;
  std::shared_mutex gate;
};

void produce(Copy& copy, const rd_kafka_message_t& message) {
  while (rd_kafka_produce(copy.topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, message.payload,
                          message.len, message.key, message.key_len, nullptr) != 0) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      die(std::string("produce: ") + rd_kafka_err2str(rd_kafka_last_error()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void read(Partition& partition, Copy* copy) {
  std::array<rd_kafka_message_t*, 1024> messages{};
  while (partition.next < partition.end) {
    const ssize_t got =
        rd_kafka_consume_batch_queue(partition.queue, 20, messages.data(), messages.size());
    std::shared_lock<std::shared_mutex> lock;
    if (copy != nullptr && got > 0) lock = std::shared_lock(copy->gate);
    std::uint64_t produced = 0;
    for (ssize_t i = 0; i < got; ++i) {
      rd_kafka_message_t* const message = messages[static_cast<std::size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        partition.next = message->offset;
      } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die(rd_kafka_message_errstr(message));
      } else {
        if (copy != nullptr) produce(*copy, *message);
        partition.next = message->offset + 1;
        ++produced;
      }
      rd_kafka_message_destroy(message);
    }
    partition.records += static_cast<std::int64_t>(produced);
    if (copy != nullptr) copy->producer->produced(produced);
  }
}

void commit(Copy& copy, Client& consumer, const std::string& input,
            const std::vector<Partition>& partitions) {
  const std::unique_lock lock(copy.gate);
  const auto flushed = copy.producer->flush(steady_clock::now() + std::chrono::seconds(45));
  if (!flushed) die(flushed.error().message());
  const weir::kafka::TopicList offsets = weir::kafka::make_topic_list(partitions.size());
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    rd_kafka_topic_partition_list_add(offsets.get(), input.c_str(), static_cast<std::int32_t>(i))
        ->offset = partitions[i].next;
  }
  rd_kafka_consumer_group_metadata_t* const group =
      rd_kafka_consumer_group_metadata(consumer.get());
  must(rd_kafka_send_offsets_to_transaction(copy.producer->get(), offsets.get(), group, 10'000),
       "send_offsets");
  rd_kafka_consumer_group_metadata_destroy(group);
  must(rd_kafka_commit_transaction(copy.producer->get(), 30'000), "commit");
  copy.producer->begin();
  must(rd_kafka_begin_transaction(copy.producer->get()), "begin");
}

std::vector<Partition> assign(Client& consumer, const std::string& input) {
  const auto topics =
      weir::kafka::list_topics(consumer, steady_clock::now() + std::chrono::seconds(10));
  if (!topics) die(topics.error().message());
  const auto found = topics->find(input);
  if (found == topics->end()) die("there is no topic " + input);
  std::vector<Partition> partitions(static_cast<std::size_t>(found->second));
  const weir::kafka::TopicList list = weir::kafka::make_topic_list(partitions.size());
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto number = static_cast<std::int32_t>(i);
    Partition& partition = partitions[i];
    if (rd_kafka_query_watermark_offsets(consumer.get(), input.c_str(), number, &partition.begin,
                                         &partition.end, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      die("cannot read the ends of " + input);
    }
    partition.next = partition.begin;
    partition.queue = rd_kafka_queue_get_partition(consumer.get(), input.c_str(), number);
    rd_kafka_queue_forward(partition.queue, nullptr);
    rd_kafka_topic_partition_list_add(list.get(), input.c_str(), number)->offset = partition.begin;
  }
  if (rd_kafka_assign(consumer.get(), list.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) die("assign");
  return partitions;
}

void open_copy(Copy& copy, const KafkaCluster& cluster, const std::string& output) {
  auto opened = Producer::open(cluster, "yardstick",
                               {.topics = {{.topic = output,
                                            .partitioner = "murmur2_random",
                                            .compression = "lz4",
                                            .properties = {}}},
                                .queue_bytes = kMemory.rows_bytes});
  if (!opened) die(opened.error().message());
  copy.producer = std::move(*opened);
  copy.topic = copy.producer->topic(output);
  must(rd_kafka_init_transactions(copy.producer->get(), 30'000), "init_transactions");
  copy.producer->begin();
  must(rd_kafka_begin_transaction(copy.producer->get()), "begin");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string kind = argc > 1 ? argv[1] : "";
  const bool copies = kind == "copy" && argc == 5;
  if (!copies && !(kind == "consume" && argc == 4)) {
    std::fprintf(stderr, "yardstick consume BROKERS INPUT | copy BROKERS INPUT OUTPUT\n");
    return 64;
  }
  const std::string input = argv[3];
  KafkaCluster cluster;
  cluster.name = cluster.brokers = argv[2];
  auto consumer = Client::open(cluster, RD_KAFKA_CONSUMER, kConsumerSettings);
  if (!consumer) die(consumer.error().message());
  Copy copy;
  if (copies) open_copy(copy, cluster, argv[4]);
  std::vector<Partition> partitions = assign(**consumer, input);
  std::atomic<std::size_t> reading = partitions.size();
  {
    std::vector<std::jthread> threads;
    for (Partition& partition : partitions) {
      threads.emplace_back([&] {
        read(partition, copies ? &copy : nullptr);
        reading.fetch_sub(1);
      });
    }
    auto next_commit = steady_clock::now() + std::chrono::seconds(1);
    while (copies && reading > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (steady_clock::now() < next_commit) continue;
      commit(copy, **consumer, input, partitions);
      next_commit = steady_clock::now() + std::chrono::seconds(1);
    }
  }
  if (copies) {
    commit(copy, **consumer, input, partitions);
    must(rd_kafka_abort_transaction(copy.producer->get(), 10'000), "abort");
    copy.producer->close();
  }
  std::int64_t records = 0;
  for (const Partition& partition : partitions) {
    records += partition.records;
    rd_kafka_queue_destroy(partition.queue);
  }
  std::printf("%lld\n", static_cast<long long>(records));
  return 0;
}
