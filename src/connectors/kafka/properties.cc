#include "connectors/kafka/properties.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>
#include <utility>

namespace weir::kafka {
namespace {

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

struct TopicConfDeleter {
  void operator()(rd_kafka_topic_conf_t* conf) const { rd_kafka_topic_conf_destroy(conf); }
};
using TopicConf = std::unique_ptr<rd_kafka_topic_conf_t, TopicConfDeleter>;

void add_names(const char** dump, std::size_t count, std::vector<std::string>& names) {
  for (std::size_t i = 0; i < count; i += 2) names.emplace_back(dump[i]);
  rd_kafka_conf_dump_free(dump, count);
}

std::pair<rd_kafka_conf_res_t, std::string> set(const std::string& name, const std::string& value) {
  const Conf conf(rd_kafka_conf_new());
  std::array<char, 512> reason{};
  const rd_kafka_conf_res_t result =
      rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason.data(), reason.size());
  return {result, reason.data()};
}

}  // namespace

bool is_property(const std::string& name) {
  // Asking for a value answers "unknown" where a property has none by default.
  return set(name, {}).first != RD_KAFKA_CONF_UNKNOWN;
}

std::optional<std::string> refusal_of(const std::string& name, const std::string& value) {
  auto [result, reason] = set(name, value);
  if (result == RD_KAFKA_CONF_OK) return std::nullopt;
  if (reason.ends_with('\n')) reason.pop_back();
  return reason;
}

std::vector<std::string> property_names() {
  const Conf conf(rd_kafka_conf_new());
  const TopicConf topic(rd_kafka_topic_conf_new());
  std::vector<std::string> names;
  std::size_t count = 0;
  const char** dump = rd_kafka_conf_dump(conf.get(), &count);
  add_names(dump, count, names);
  dump = rd_kafka_topic_conf_dump(topic.get(), &count);
  add_names(dump, count, names);
  return names;
}

}  // namespace weir::kafka
