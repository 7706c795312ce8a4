#include "connectors/kafka/queue_bounds.h"

#include <librdkafka/rdkafka.h>

#include <catch2/catch.hpp>
#include <string>

namespace weir::kafka {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20U;

TEST_CASE("share_queues: partitions share the bytes evenly", "[kafka]") {
  const QueueBounds bounds = share_queues(160 * kMiB, 4);
  CHECK(bounds.kbytes_max == 40 * 1024);
  CHECK(bounds.messages_max == 40 * kMiB / 128);
}

TEST_CASE("share_queues: each of many partitions keeps 1 MiB", "[kafka]") {
  const QueueBounds bounds = share_queues(11 * kMiB, 100);
  CHECK(bounds.kbytes_max == 1024);
  CHECK(bounds.messages_max == 8192);
  CHECK(share_queues(0, 0).kbytes_max == 1024);
}

TEST_CASE("bound_output: a small share still has room for a batch of rows", "[kafka]") {
  CHECK(bound_output(80 * kMiB).kbytes_max == 80 * 1024);
  CHECK(bound_output(80 * kMiB).messages_max == 80 * kMiB / 200);
  CHECK(bound_output(0).kbytes_max == 1024);
  CHECK(bound_output(0).messages_max == 1000);
}

bool librdkafka_takes(const char* name, std::uint64_t value) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char reason[256];
  const auto result =
      rd_kafka_conf_set(conf, name, std::to_string(value).c_str(), reason, sizeof reason);
  rd_kafka_conf_destroy(conf);
  return result == RD_KAFKA_CONF_OK;
}

TEST_CASE("queue bounds: librdkafka takes those of the smallest and the largest job", "[kafka]") {
  for (const std::uint64_t bytes : {std::uint64_t{0}, 11 * kMiB, kMiB << 20U, ~std::uint64_t{0}}) {
    CAPTURE(bytes);
    const QueueBounds queues = share_queues(bytes, 1);
    CHECK(librdkafka_takes("queued.min.messages", queues.messages_max));
    CHECK(librdkafka_takes("queued.max.messages.kbytes", queues.kbytes_max));
    const OutputBounds output = bound_output(bytes);
    CHECK(librdkafka_takes("queue.buffering.max.kbytes", output.kbytes_max));
    CHECK(librdkafka_takes("queue.buffering.max.messages", output.messages_max));
  }
}

}  // namespace
}  // namespace weir::kafka
