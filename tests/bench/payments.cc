// Fills a topic with the benchmark's payments (195 bytes of JSON each), evenly over its partitions.
//   payments BROKERS TOPIC RECORDS PARTITIONS
// The records have no key.
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "bench/payment.h"

namespace {

std::atomic<std::int64_t> g_failed = 0;

void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
  char reason[256];
  if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
    std::fprintf(stderr, "payments: %s: %s\n", name, reason);
    std::exit(1);
  }
}

std::int64_t number(const char* text, const char* what) {
  std::int64_t value = 0;
  const char* const end = text + std::strlen(text);
  if (std::from_chars(text, end, value).ptr != end || value < 1) {
    std::fprintf(stderr, "payments: %s is not a number of %s\n", text, what);
    std::exit(64);
  }
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "payments BROKERS TOPIC RECORDS PARTITIONS\n");
    return 64;
  }
  const std::int64_t records = number(argv[3], "records");
  const auto partitions = static_cast<std::int32_t>(number(argv[4], "partitions"));
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argv[1]);
  set(conf, "compression.codec", "lz4");
  set(conf, "enable.idempotence", "true");
  set(conf, "linger.ms", "50");
  set(conf, "queue.buffering.max.messages", "500000");
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) ++g_failed;
  });
  char reason[256];
  rd_kafka_t* const producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (producer == nullptr) {
    std::fprintf(stderr, "payments: %s\n", reason);
    return 1;
  }
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(producer, argv[2], nullptr);
  std::jthread poller([producer](const std::stop_token& stop) {
    while (!stop.stop_requested()) rd_kafka_poll(producer, 100);
  });
  for (std::int64_t i = 0; i < records; ++i) {
    std::string text = weir::bench::payment(i);
    if (rd_kafka_produce(topic, static_cast<std::int32_t>(i % partitions),
                         RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK, text.data(), text.size(),
                         nullptr, 0, nullptr) != 0) {
      std::fprintf(stderr, "payments: %s\n", rd_kafka_err2str(rd_kafka_last_error()));
      return 1;
    }
  }
  const bool flushed = rd_kafka_flush(producer, 60'000) == RD_KAFKA_RESP_ERR_NO_ERROR;
  poller.request_stop();
  poller.join();
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
  if (flushed && g_failed == 0) return 0;
  std::fprintf(stderr, "payments: %lld records were refused\n",
               static_cast<long long>(g_failed.load()));
  return 1;
}
