#include <fmt/format.h>

#include "spec/check_fields.h"
#include "spec/job_parts.h"
#include "spec/job_words.h"

namespace weir {
namespace {

KafkaSinkSpec kafka_sink(const YamlNode& map, const std::string& label,
                         const PartContext& context) {
  KafkaSinkSpec made;
  made.endpoint = read_endpoint(map, map.at, label, context);
  if (const auto topic = text_of(&map, "topic")) made.topic = *topic;
  made.key = sql_of(context.source, &map, "key");
  made.partition = sql_of(context.source, &map, "partition");
  made.tombstone_when = sql_of(context.source, &map, "tombstone_when");
  if (const YamlNode* headers = usable(&map, "headers")) {
    for (const YamlEntry& entry : headers->entries) {
      SqlText sql = sql_of(context.source, headers, entry.key.scalar);
      if (sql.given()) made.headers.emplace_back(entry.key.scalar, std::move(sql));
    }
  }
  if (const auto word = choice_of(&map, "partitioner", kPartitioners)) made.partitioner = **word;
  if (const auto word = choice_of(&map, "compression", kCompressions)) made.compression = **word;
  made.properties = context.kafka.properties(&map);
  return made;
}

void read_when_full(const YamlNode& map, SinkSpec& into, const PartContext& context) {
  const YamlNode* when_full = map.find("when_full");
  if (when_full == nullptr) return;
  if (into.kind == SinkKind::kKafka) {
    context.error(when_full->at, Code::kExclusiveFields, "\"when_full\" has no use with kafka",
                  "its rows wait in the transaction, nowhere else");
  }
  const YamlNode* rule = usable(&map, "when_full");
  if (rule == nullptr || !rule->is_map()) return;
  if (const auto dlq = text_of(rule, "dlq")) into.when_full_dlq = *dlq;
  if (rule->find("dlq") == nullptr) {
    context.error(rule->at, Code::kMissingField, "\"dlq\" is missing in \"when_full\"",
                  "such as { dlq: dead }");
  }
}

}  // namespace

SinkSpec read_sink(const YamlEntry& entry, const PartContext& context) {
  const YamlNode& map = entry.value;
  SinkSpec made;
  made.name = {entry.key.scalar, entry.key.at, true};
  const std::string label = fmt::format("sink \"{}\"", *made.name);
  if (const auto from = text_of(&map, "from")) made.from = *from;
  if (!exactly_one(map, {"kafka", "file", "stdout"}, entry.key.at, label,
                   "kafka: { brokers: localhost:9092, topic: late-departures }", context,
                   has_later_key(map, "sinks.*"))) {
    return made;
  }
  if (const YamlNode* kafka = map.find("kafka"); kafka != nullptr) {
    made.kind = SinkKind::kKafka;
    made.kind_at = kafka->at;
    if (usable(&map, "kafka") != nullptr) made.kafka = kafka_sink(*kafka, label, context);
  } else if (const YamlNode* file = map.find("file"); file != nullptr) {
    made.kind = SinkKind::kFile;
    made.kind_at = file->at;
    if (const auto path = text_of(usable(&map, "file"), "path")) made.path = *path;
  } else {
    made.kind = SinkKind::kStdout;
    made.kind_at = map.find("stdout")->at;
  }
  if (const auto format = read_format(map)) {
    made.format = *format;
  } else if (map.find("format") == nullptr && made.kind == SinkKind::kStdout) {
    made.format = {FormatKind::kJson, made.name.at, true};
  } else if (map.find("format") == nullptr) {
    context.error(entry.key.at, Code::kMissingField,
                  fmt::format("\"format\" is missing in {}", label), "such as format: json");
  }
  made.csv = read_csv(map, made.format, context);
  if (const YamlNode* outbox = map.find("outbox");
      outbox != nullptr && made.kind == SinkKind::kKafka) {
    context.error(outbox->at, Code::kExclusiveFields, "\"outbox\" has no use with kafka",
                  "its rows wait in the transaction, nowhere else");
  }
  if (const auto bytes = size_of(&map, "outbox")) made.outbox_bytes_max = *bytes;
  read_when_full(map, made, context);
  return made;
}

SinkSpec read_dlq(const YamlEntry& entry, const PartContext& context) {
  SinkSpec made;
  made.name = {entry.key.scalar, entry.key.at, true};
  made.kind = SinkKind::kKafka;
  made.format = {FormatKind::kRaw, entry.key.at, true};
  if (const YamlNode* kafka = usable(&entry.value, "kafka")) {
    made.kind_at = kafka->at;
    made.kafka = kafka_sink(*kafka, fmt::format("sink \"{}\"", *made.name), context);
  }
  return made;
}

}  // namespace weir
