#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/nearest.h"
#include "base/units.h"
#include "data/render.h"
#include "spec/check_fields.h"
#include "spec/job_parts.h"
#include "spec/job_words.h"

namespace weir {
namespace {

template <class Number>
std::optional<Number> to_number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

class SourceReader {
 public:
  SourceReader(const YamlEntry& entry, const PartContext& context)
      : entry_(entry), context_(context), label_(fmt::format("source \"{}\"", entry.key.scalar)) {}

  SourceSpec read(const std::string& group) {
    SourceSpec made;
    made.name = {entry_.key.scalar, entry_.key.at, true};
    const YamlNode& map = entry_.value;
    if (!exactly_one(map, {"kafka", "file", "generate"}, entry_.key.at, label_,
                     "kafka: { brokers: localhost:9092, topics: [flights] }", context_,
                     has_later_key(map, "sources.*"))) {
      return made;
    }
    if (const YamlNode* kafka = map.find("kafka"); kafka != nullptr) {
      made.kind = SourceKind::kKafka;
      if (usable(&map, "kafka") != nullptr) made.kafka = kafka_source(*kafka, group);
    } else if (map.find("file") != nullptr) {
      made.kind = SourceKind::kFile;
      made.file = file_source(usable(&map, "file"));
    } else {
      made.kind = SourceKind::kGenerate;
      if (const YamlNode* generate = usable(&map, "generate")) made.generate = numbers(*generate);
    }
    format(made);
    return made;
  }

 private:
  void error(Place at, Code code, std::string message, std::string hint = {}) {
    context_.error(at, code, std::move(message), std::move(hint));
  }

  void format(SourceSpec& made) {
    const YamlNode& map = entry_.value;
    const YamlNode* schema = map.find("schema");
    made.schema = sql_of(context_.source, &map, "schema");
    if (made.kind == SourceKind::kGenerate) {
      for (const std::string_view key : {"format", "schema", "csv"}) {
        const YamlNode* node = map.find(key);
        if (node == nullptr) continue;
        error(node->at, Code::kExclusiveFields, fmt::format("\"{}\" has no use with generate", key),
              "its column is `i bigint`; `row` makes others of it");
      }
      return;
    }
    if (map.find("format") == nullptr) {
      error(entry_.key.at, Code::kMissingField, fmt::format("\"format\" is missing in {}", label_),
            "such as format: json");
    }
    if (const auto format = read_format(map)) made.format = *format;
    made.csv = read_csv(map, made.format, context_);
    if (!made.format.given) return;
    const bool has_columns = *made.format == FormatKind::kJson || *made.format == FormatKind::kCsv;
    if (has_columns && schema == nullptr) {
      error(entry_.key.at, Code::kMissingField, fmt::format("\"schema\" is missing in {}", label_),
            fmt::format("format {} needs one, such as schema: \"carrier text, flight integer\"",
                        to_string(*made.format)));
    }
    if (!has_columns && schema != nullptr) {
      error(schema->at, Code::kExclusiveFields,
            fmt::format("\"schema\" has no use with format {}", to_string(*made.format)),
            *made.format == FormatKind::kRaw ? "raw gives one column, value bytea"
                                             : "text gives one column, value text");
    }
    if (*made.format == FormatKind::kRaw && made.kind == SourceKind::kFile) {
      error(made.format.at, Code::kExclusiveFields, "a file has no format raw",
            "its records are lines: format: text gives each as it is");
    }
  }

  KafkaSourceSpec kafka_source(const YamlNode& map, const std::string& group) {
    KafkaSourceSpec made;
    made.endpoint = read_endpoint(map, map.at, label_, context_);
    topics(map, made);
    if (const auto given = text_of(&map, "group")) {
      made.group = **given;
      made.group_at = given->at;
    } else {
      made.group = group;
    }
    if (const auto word = choice_of(&map, "start", kStarts)) {
      made.start = {{.kind = **word, .timestamp_us = 0, .offsets = {}}, word->at, true};
    } else if (const YamlNode* node = usable(&map, "start"); node != nullptr && node->is_map()) {
      made.start.at = node->at;
      made.start.given = true;
      bound(*node, "start", StartKind::kTimestamp, StartKind::kOffsets, made, made.start.value);
    }
    if (const auto word = choice_of(&map, "end", kEnds)) {
      made.end = {{.kind = **word, .timestamp_us = 0, .offsets = {}}, word->at, true};
    } else if (const YamlNode* node = usable(&map, "end"); node != nullptr && node->is_map()) {
      made.end.at = node->at;
      made.end.given = true;
      bound(*node, "end", EndKind::kTimestamp, EndKind::kOffsets, made, made.end.value);
      ends_behind_start(*node, made);
    }
    if (const auto word = choice_of(&map, "on_data_loss", kOnDataLoss)) made.on_data_loss = **word;
    if (const auto every = duration_of(&map, "refresh")) made.refresh = *every;
    made.properties = context_.kafka.properties(&map);
    return made;
  }

  void topics(const YamlNode& map, KafkaSourceSpec& made) {
    if (!exactly_one(map, {"topics", "pattern", "assign"}, map.at,
                     fmt::format("\"kafka\" of {}", label_), "topics: [flights]", context_)) {
      return;
    }
    if (const auto pattern = text_of(&map, "pattern")) made.pattern = *pattern;
    if (const YamlNode* list = usable(&map, "topics")) {
      std::set<std::string> seen;
      for (const YamlNode& item : list->items) {
        if (item.bad) continue;
        if (!seen.insert(item.scalar).second) {
          error(item.at, Code::kBadValue, fmt::format("topic \"{}\" is listed twice", item.scalar));
        }
        made.topics.push_back({item.scalar, item.at, true});
      }
    }
    const YamlNode* partitions = usable(&map, "assign");
    if (partitions == nullptr) return;
    if (partitions->entries.empty()) {
      error(partitions->at, Code::kMissingField, "\"assign\" is empty",
            "such as assign: { flights: [0, 1] }");
    }
    for (const YamlEntry& entry : partitions->entries) {
      std::vector<std::int32_t>& list = made.assign[entry.key.scalar];
      for (const YamlNode& item : entry.value.items) {
        const auto partition = item.bad ? std::nullopt : to_number<std::int32_t>(item.scalar);
        if (!partition) continue;
        if (std::find(list.begin(), list.end(), *partition) != list.end()) {
          error(item.at, Code::kBadValue, fmt::format("partition {} is listed twice", *partition));
        } else {
          list.push_back(*partition);
        }
      }
    }
  }

  FileSourceSpec file_source(const YamlNode* map) {
    FileSourceSpec made;
    if (const auto path = text_of(map, "path")) made.path = *path;
    if (const auto word = text_of(map, "last_line")) made.last_line_waits = **word == "wait";
    if (const auto bytes = size_of(map, "row_limit")) made.row_bytes_max = *bytes;
    return made;
  }

  GenerateSourceSpec numbers(const YamlNode& map) {
    GenerateSourceSpec made;
    exactly_one(map, {"every", "rate"}, map.at, fmt::format("\"generate\" of {}", label_),
                "every: 100ms", context_);
    if (const auto every = duration_of(&map, "every")) made.every = *every;
    if (const auto rate = text_of(&map, "rate")) made.per_second = parse_rate(**rate).value_or(0);
    if (const auto count = count_of(&map, "count")) made.count = static_cast<std::int64_t>(*count);
    made.row = sql_of(context_.source, &map, "row");
    return made;
  }

  // `start: {timestamp: ...}`, `end: {offsets: ...}` and the like.
  template <class Kind, class Bound>
  void bound(const YamlNode& map, std::string_view key, Kind timestamp, Kind offsets,
             const KafkaSourceSpec& source, Bound& into) {
    if (!exactly_one(map, {"timestamp", "offsets"}, map.at, fmt::format("\"{}\"", key),
                     fmt::format("{}: {{ timestamp: 2026-11-01T00:00:00Z }}", key), context_)) {
      return;
    }
    if (const auto text = text_of(&map, "timestamp")) {
      into.kind = timestamp;
      into.timestamp_us = parse_timestamp(**text).value_or(0);
    }
    const YamlNode* by_topic = usable(&map, "offsets");
    if (by_topic == nullptr) return;
    into.kind = offsets;
    for (const YamlEntry& topic : by_topic->entries) {
      if (!reads(source, topic.key)) continue;
      for (const YamlEntry& entry : topic.value.entries) {
        const auto partition = to_number<std::int32_t>(entry.key.scalar);
        if (!partition) {
          error(entry.key.at, Code::kBadValue,
                fmt::format("\"{}\" is not a partition's number", entry.key.scalar),
                "such as offsets: { flights: { 0: 23 } }");
        } else if (const auto only = source.assign.find(topic.key.scalar);
                   only != source.assign.end() && !contains(only->second, *partition)) {
          error(entry.key.at, Code::kBadValue,
                fmt::format("{} does not read partition {} of topic \"{}\"", label_, *partition,
                            topic.key.scalar),
                "`assign` lists those that it reads");
        } else if (const auto offset = to_number<std::int64_t>(entry.value.scalar)) {
          into.offsets[topic.key.scalar][*partition] = *offset;
        }
      }
    }
  }

  static bool contains(const std::vector<std::int32_t>& list, std::int32_t value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }

  // Which topics a pattern will find is not known here.
  bool reads(const KafkaSourceSpec& source, const YamlNode& topic) {
    std::vector<std::string_view> names;
    for (const Located<std::string>& each : source.topics) names.push_back(*each);
    for (const auto& [each, partitions] : source.assign) names.push_back(each);
    if (names.empty() || std::find(names.begin(), names.end(), topic.scalar) != names.end()) {
      return true;
    }
    std::string hint = did_you_mean(topic.scalar, names);
    if (hint.empty()) hint = fmt::format("it reads {}", fmt::join(names, ", "));
    error(topic.at, Code::kBadValue,
          fmt::format("{} does not read a topic \"{}\"", label_, topic.scalar), std::move(hint));
    return false;
  }

  // Written so, the source would be at its end before its first record.
  void ends_behind_start(const YamlNode& map, const KafkaSourceSpec& source) {
    const StartSpec& start = *source.start;
    if (start.kind == StartKind::kTimestamp && source.end->kind == EndKind::kTimestamp &&
        source.end->timestamp_us < start.timestamp_us) {
      error(map.find("timestamp")->at, Code::kBadValue, "`end` is before `start`",
            "nothing would be read");
    }
    const YamlNode* offsets = usable(&map, "offsets");
    if (offsets == nullptr) return;
    for (const YamlEntry& topic : offsets->entries) {
      const auto begins = start.offsets.find(topic.key.scalar);
      if (begins == start.offsets.end()) continue;
      for (const YamlEntry& entry : topic.value.entries) {
        const auto partition = to_number<std::int32_t>(entry.key.scalar);
        const auto offset = to_number<std::int64_t>(entry.value.scalar);
        if (!partition || !offset || !begins->second.contains(*partition)) continue;
        const std::int64_t begin = begins->second.at(*partition);
        if (begin <= *offset) continue;
        error(entry.value.at, Code::kBadValue,
              fmt::format("`end` is before `start`, which names offset {}", begin),
              "nothing would be read");
      }
    }
  }

  const YamlEntry& entry_;
  const PartContext& context_;
  const std::string label_;
};

}  // namespace

SourceSpec read_source(const YamlEntry& entry, const std::string& group,
                       const PartContext& context) {
  return SourceReader(entry, context).read(group);
}

}  // namespace weir
