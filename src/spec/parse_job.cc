#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "data/render.h"
#include "spec/check_fields.h"
#include "spec/load.h"
#include "spec/parse.h"
#include "spec/tree_values.h"

namespace weir {
namespace {

template <class T, std::size_t N>
using Words = std::array<std::pair<std::string_view, T>, N>;

constexpr Words<StartKind, 3> kStarts{{{"latest", StartKind::kLatest},
                                       {"earliest", StartKind::kEarliest},
                                       {"committed", StartKind::kCommitted}}};
constexpr Words<EndKind, 2> kEnds{{{"none", EndKind::kNone}, {"latest", EndKind::kLatest}}};
constexpr Words<FormatKind, 2> kFormats{{{"json", FormatKind::kJson}, {"raw", FormatKind::kRaw}}};
constexpr Words<Partitioner, 7> kPartitioners{
    {{"murmur2_random", Partitioner::kMurmur2Random},
     {"murmur2", Partitioner::kMurmur2},
     {"consistent_random", Partitioner::kConsistentRandom},
     {"consistent", Partitioner::kConsistent},
     {"fnv1a_random", Partitioner::kFnv1aRandom},
     {"fnv1a", Partitioner::kFnv1a},
     {"random", Partitioner::kRandom}}};
constexpr Words<Compression, 5> kCompressions{{{"none", Compression::kNone},
                                               {"gzip", Compression::kGzip},
                                               {"snappy", Compression::kSnappy},
                                               {"lz4", Compression::kLz4},
                                               {"zstd", Compression::kZstd}}};
constexpr Words<Takeover, 2> kTakeovers{{{"ask", Takeover::kAsk}, {"auto", Takeover::kAuto}}};
constexpr Words<OnError, 2> kOnErrors{{{"fail", OnError::kFail}, {"skip", OnError::kSkip}}};
constexpr Words<TriggerKind, 2> kTriggers{
    {{"continuous", TriggerKind::kContinuous}, {"available_now", TriggerKind::kAvailableNow}}};

template <class T, std::size_t N>
std::string_view word_of(const Words<T, N>& words, T wanted) {
  for (const auto& [word, value] : words) {
    if (value == wanted) return word;
  }
  return "?";
}

template <class Number>
std::optional<Number> to_number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// From a checked tree to a JobSpec, with the mistakes that one key alone does not show.
class JobBuilder {
 public:
  JobBuilder(const YamlNode& root, const SourceText& source, const WeirConfig& config,
             const References& references, Diagnostics& diagnostics)
      : root_(root),
        source_(source),
        config_(config),
        diagnostics_(diagnostics),
        kafka_(source, references, diagnostics) {}

  JobSpec build(const References& references, const ParseOptions& options) {
    if (const auto job = text_of(&root_, "job")) spec_.job = *job;
    if (const auto n = count_of(&root_, "generation")) {
      spec_.generation = static_cast<std::uint32_t>(*n);
    }
    if (const auto text = text_of(&root_, "description")) spec_.description = **text;
    params(references, options);
    for_each("sources", [&](const YamlEntry& entry) { source(entry); });
    if (const YamlNode* list = usable(&root_, "steps")) {
      for (const YamlNode& item : list->items) step(item);
    }
    for_each("sinks", [&](const YamlEntry& entry) { sink(entry); });
    settings();
    names_are_unique();
    one_cluster();
    groups_are_apart();
    no_loops();
    return std::move(spec_);
  }

 private:
  void error(Place at, Code code, std::string message, std::string hint = {}) {
    diagnostics_.error(source_, at, code, std::move(message), std::move(hint));
  }
  template <class F>
  void for_each(std::string_view key, F&& f) {
    const YamlNode* map = usable(&root_, key);
    if (map == nullptr) return;
    for (const YamlEntry& entry : map->entries) {
      if (!entry.value.bad) f(entry);
    }
  }
  static Located<std::string> name_of(const YamlEntry& entry) {
    return {entry.key.scalar, entry.key.at, true};
  }

  void params(const References& references, const ParseOptions& options) {
    for_each("params", [&](const YamlEntry& entry) {
      const auto type = text_of(&entry.value, "type");
      const auto value = references.params.find(entry.key.scalar);
      const YamlNode* preset = entry.value.find("default");
      if (!type || preset == nullptr || value == references.params.end()) return;
      const bool overridden = options.params.contains(entry.key.scalar);
      spec_.params.push_back({name_of(entry),
                              parse_type(**type).value_or(Type{}),
                              {value->second, preset->at, !overridden}});
    });
  }

  void source(const YamlEntry& entry) {
    SourceSpec made;
    made.name = name_of(entry);
    const std::string label = fmt::format("source \"{}\"", *made.name);
    if (const YamlNode* kafka = usable(&entry.value, "kafka")) {
      made.kafka = kafka_source(*kafka, *entry.value.find("kafka"), label);
    }
    if (const auto format = choice_of(&entry.value, "format", kFormats)) made.format = *format;
    made.schema = sql_of(source_, &entry.value, "schema");
    const YamlNode* schema = entry.value.find("schema");
    if (made.format.given && *made.format == FormatKind::kJson && schema == nullptr) {
      error(entry.key.at, Code::kMissingField, fmt::format("\"schema\" is missing in {}", label),
            "format json needs one, such as schema: \"carrier text, flight integer\"");
    }
    if (made.format.given && *made.format == FormatKind::kRaw && schema != nullptr) {
      error(schema->at, Code::kExclusiveFields, "\"schema\" has no use with format raw",
            "raw gives one column, value bytea");
    }
    spec_.sources.push_back(std::move(made));
  }

  KafkaSourceSpec kafka_source(const YamlNode& map, const YamlNode& at, const std::string& label) {
    KafkaSourceSpec made;
    made.endpoint = endpoint(map, at, label);
    topics(map, made, label);
    if (const auto group = text_of(&map, "group")) {
      made.group = **group;
      made.group_at = group->at;
    } else {
      made.group = config_.instance + "." + spec_.identity();
    }
    if (const auto word = choice_of(&map, "start", kStarts)) {
      made.start = {{.kind = **word, .timestamp_us = 0, .offsets = {}}, word->at, true};
    } else if (const YamlNode* node = usable(&map, "start"); node != nullptr && node->is_map()) {
      made.start.at = node->at;
      made.start.given = true;
      bound(*node, "start", StartKind::kTimestamp, StartKind::kOffsets, made.start.value);
    }
    if (const auto word = choice_of(&map, "end", kEnds)) {
      made.end = {{.kind = **word, .timestamp_us = 0, .offsets = {}}, word->at, true};
    } else if (const YamlNode* node = usable(&map, "end"); node != nullptr && node->is_map()) {
      made.end.at = node->at;
      made.end.given = true;
      bound(*node, "end", EndKind::kTimestamp, EndKind::kOffsets, made.end.value);
    }
    made.properties = kafka_.properties(&map);
    return made;
  }

  void topics(const YamlNode& map, KafkaSourceSpec& made, const std::string& label) {
    const YamlNode* topics = map.find("topics");
    const YamlNode* assign = map.find("assign");
    if (map.find("pattern") != nullptr) return;
    if ((topics == nullptr) == (assign == nullptr)) {
      exactly_one(topics == nullptr ? map.at : assign->at, "topics", "assign", topics == nullptr,
                  fmt::format("\"kafka\" of {}", label), "topics: [flights]");
      return;
    }
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
      error(assign->at, Code::kMissingField, "\"assign\" is empty",
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

  void exactly_one(Place at, std::string_view a, std::string_view b, bool none,
                   const std::string& where, std::string_view example) {
    error(at, none ? Code::kMissingField : Code::kExclusiveFields,
          none ? fmt::format("\"{}\" or \"{}\" is missing in {}", a, b, where)
               : fmt::format("\"{}\" and \"{}\" exclude one another in {}", a, b, where),
          none ? fmt::format("such as {}", example) : std::string("keep one of them"));
  }

  // `start: {timestamp: ...}`, `end: {offsets: ...}` and the like.
  template <class Kind, class Bound>
  void bound(const YamlNode& map, std::string_view key, Kind timestamp, Kind offsets, Bound& into) {
    const YamlNode* time = map.find("timestamp");
    const YamlNode* list = map.find("offsets");
    if ((time == nullptr) == (list == nullptr)) {
      return exactly_one(map.at, "timestamp", "offsets", time == nullptr,
                         fmt::format("\"{}\"", key),
                         fmt::format("{}: {{ timestamp: 2026-11-01T00:00:00Z }}", key));
    }
    if (const auto text = text_of(&map, "timestamp")) {
      into.kind = timestamp;
      into.timestamp_us = parse_timestamp(**text).value_or(0);
    }
    const YamlNode* by_topic = usable(&map, "offsets");
    if (by_topic == nullptr) return;
    into.kind = offsets;
    for (const YamlEntry& topic : by_topic->entries) {
      for (const YamlEntry& entry : topic.value.entries) {
        const auto partition = to_number<std::int32_t>(entry.key.scalar);
        if (!partition) {
          error(entry.key.at, Code::kBadValue,
                fmt::format("\"{}\" is not a partition's number", entry.key.scalar),
                "such as offsets: { flights: { 0: 23 } }");
        } else if (const auto offset = to_number<std::int64_t>(entry.value.scalar)) {
          into.offsets[topic.key.scalar][*partition] = *offset;
        }
      }
    }
  }

  KafkaEndpoint endpoint(const YamlNode& map, const YamlNode& at, const std::string& label) {
    KafkaEndpoint made;
    made.at = at.at;
    const YamlNode* cluster = map.find("cluster");
    const YamlNode* brokers = map.find("brokers");
    if ((cluster == nullptr) == (brokers == nullptr)) {
      exactly_one(cluster == nullptr ? at.at : brokers->at, "cluster", "brokers",
                  cluster == nullptr, fmt::format("\"kafka\" of {}", label),
                  "brokers: localhost:9092");
      return made;
    }
    if (brokers != nullptr) {
      made.at = brokers->at;
      made.cluster.brokers = kafka_.brokers(&map);
      return made;
    }
    const auto name = text_of(&map, "cluster");
    if (!name) return made;
    made.at = name->at;
    const auto found = config_.clusters.find(**name);
    if (found != config_.clusters.end()) {
      made.cluster = found->second;
      return made;
    }
    std::vector<std::string_view> known;
    for (const auto& [known_name, unused] : config_.clusters) known.push_back(known_name);
    std::string hint = did_you_mean(**name, known);
    if (hint.empty() && config_.source == nullptr)
      hint = "there is no weir.yaml; --config names it";
    error(name->at, Code::kUnknownCluster, fmt::format("weir.yaml has no cluster \"{}\"", **name),
          hint);
    return made;
  }

  void step(const YamlNode& item) {
    if (item.bad) return;
    StepSpec made;
    if (const auto id = text_of(&item, "id")) made.id = *id;
    if (const auto from = text_of(&item, "from")) made.from = *from;
    made.filter = sql_of(source_, &item, "filter");
    made.select = sql_of(source_, &item, "select");
    const YamlNode* filter = item.find("filter");
    const YamlNode* select = item.find("select");
    const bool later =
        std::any_of(item.entries.begin(), item.entries.end(), [](const YamlEntry& entry) {
          const FieldInfo* field = find_field(job_fields(), "steps.[]." + entry.key.scalar);
          return field == nullptr || field->status == FieldStatus::kLater;
        });
    if ((filter == nullptr) == (select == nullptr) && !(later && filter == nullptr)) {
      const Place at = item.entries.empty() ? item.at : item.entries.front().key.at;
      exactly_one(filter == nullptr ? at : select->at, "filter", "select", filter == nullptr,
                  fmt::format("step \"{}\"", *made.id), "filter: dep_delay > 60");
    }
    spec_.steps.push_back(std::move(made));
  }

  void sink(const YamlEntry& entry) {
    SinkSpec made;
    made.name = name_of(entry);
    const std::string label = fmt::format("sink \"{}\"", *made.name);
    if (const auto from = text_of(&entry.value, "from")) made.from = *from;
    if (const auto format = choice_of(&entry.value, "format", kFormats)) made.format = *format;
    if (const YamlNode* kafka = usable(&entry.value, "kafka")) {
      made.kafka.endpoint = endpoint(*kafka, *kafka, label);
      if (const auto topic = text_of(kafka, "topic")) made.kafka.topic = *topic;
      made.kafka.key = sql_of(source_, kafka, "key");
      if (const auto word = choice_of(kafka, "partitioner", kPartitioners)) {
        made.kafka.partitioner = **word;
      }
      if (const auto word = choice_of(kafka, "compression", kCompressions)) {
        made.kafka.compression = **word;
      }
      made.kafka.properties = kafka_.properties(kafka);
    }
    spec_.sinks.push_back(std::move(made));
  }

  void settings() {
    const YamlNode* delivery = usable(&root_, "delivery");
    const YamlNode* commit = usable(delivery, "commit");
    if (const auto every = duration_of(commit, "every")) spec_.commit.every = *every;
    if (const auto records = count_of(commit, "records")) spec_.commit.records = *records;
    if (const auto bytes = size_of(commit, "bytes")) spec_.commit.bytes = *bytes;
    if (const auto word = choice_of(delivery, "takeover", kTakeovers)) spec_.takeover = **word;
    if (const auto word = choice_of(&root_, "trigger", kTriggers)) {
      spec_.trigger = {{.kind = **word, .every = {}}, word->at, true};
    } else if (const YamlNode* map = usable(&root_, "trigger")) {
      if (const auto every = duration_of(map, "every")) {
        spec_.trigger = {{.kind = TriggerKind::kEvery, .every = *every}, map->at, true};
      } else if (map->find("every") == nullptr) {
        error(map->at, Code::kMissingField, "\"every\" is missing in \"trigger\"",
              "such as trigger: { every: 10s }");
      }
    }
    const YamlNode* errors = usable(&root_, "errors");
    if (const auto word = choice_of(errors, "decode", kOnErrors)) spec_.on_decode_error = **word;
    if (const auto word = choice_of(errors, "eval", kOnErrors)) spec_.on_eval_error = **word;
    if (const auto drain = duration_of(usable(&root_, "stop"), "drain_timeout")) {
      spec_.drain_timeout = *drain;
    }
    spec_.limits = config_.limits;
    read_limits(usable(&root_, "limits"), spec_.limits);
  }

  // `from:` finds sources and steps by one name.
  void names_are_unique() {
    std::map<std::string, std::string> taken;
    for (const SourceSpec& source : spec_.sources) taken[*source.name] = "a source";
    for (const StepSpec& step : spec_.steps) {
      if (!step.id.given) continue;
      const auto [found, fresh] = taken.emplace(*step.id, "another step");
      if (fresh) continue;
      error(step.id.at, Code::kBadName,
            fmt::format("\"{}\" is the name of {} already", *step.id, found->second),
            "`from` could not tell them apart");
    }
  }

  // One transaction commits rows and positions, so all of it is one cluster. Names are compared,
  // or the brokers as written: only the brokers themselves know more.
  void one_cluster() {
    const KafkaEndpoint* first = nullptr;
    const auto check = [&](const KafkaEndpoint& endpoint) {
      if (endpoint.cluster.brokers.empty()) return;
      if (first == nullptr) {
        first = &endpoint;
        return;
      }
      std::vector<std::string> a = first->cluster.brokers;
      std::vector<std::string> b = endpoint.cluster.brokers;
      std::sort(a.begin(), a.end());
      std::sort(b.begin(), b.end());
      if (first->cluster.name == endpoint.cluster.name && a == b) return;
      error(endpoint.at, Code::kNotInThisVersion,
            "a job over two clusters is not in this version of weir",
            fmt::format("line {} names another; write both the same way",
                        source_.line_column(first->at.offset).line));
    };
    for (const SourceSpec& source : spec_.sources) check(source.kafka.endpoint);
    for (const SinkSpec& sink : spec_.sinks) check(sink.kafka.endpoint);
  }

  static std::set<std::string> topics_of(const KafkaSourceSpec& source) {
    std::set<std::string> topics;
    for (const Located<std::string>& topic : source.topics) topics.insert(*topic);
    for (const auto& [topic, partitions] : source.assign) topics.insert(topic);
    return topics;
  }

  // A group has one place per partition for the copy of the positions.
  void groups_are_apart() {
    for (std::size_t i = 0; i < spec_.sources.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const SourceSpec& a = spec_.sources[k];
        const SourceSpec& b = spec_.sources[i];
        if (a.kafka.group != b.kafka.group) continue;
        for (const std::string& topic : topics_of(b.kafka)) {
          if (!topics_of(a.kafka).contains(topic)) continue;
          error(b.name.at, Code::kExclusiveFields,
                fmt::format("sources \"{}\" and \"{}\" read topic \"{}\" with one group", *a.name,
                            *b.name, topic),
                "give one of them a `group` of its own");
        }
      }
    }
  }

  // What a job writes to its own input it would read, and write, without end.
  void no_loops() {
    for (const SinkSpec& sink : spec_.sinks) {
      if (!sink.kafka.topic.given) continue;
      for (const SourceSpec& source : spec_.sources) {
        if (!topics_of(source.kafka).contains(*sink.kafka.topic)) continue;
        error(sink.kafka.topic.at, Code::kLoop,
              fmt::format("sink \"{}\" writes topic \"{}\", which source \"{}\" reads: a loop",
                          *sink.name, *sink.kafka.topic, *source.name),
              "write to another topic");
      }
      if (*sink.kafka.topic == sink.kafka.endpoint.cluster.epoch_topic) {
        error(sink.kafka.topic.at, Code::kBadValue,
              fmt::format("\"{}\" is weir's own epoch topic", *sink.kafka.topic),
              "write to another topic");
      }
    }
  }

  const YamlNode& root_;
  const SourceText& source_;
  const WeirConfig& config_;
  Diagnostics& diagnostics_;
  KafkaReader kafka_;
  JobSpec spec_;
};

// Parameters come first: their values may stand anywhere else.
std::map<std::string, std::string> param_values(const SourceText& source, const YamlNode& root,
                                                const ParseOptions& options) {
  std::map<std::string, std::string> values;
  const YamlNode* params = usable(&root, "params");
  if (params == nullptr) return values;
  for (const YamlEntry& entry : params->entries) {
    const auto given = options.params.find(entry.key.scalar);
    const YamlNode* preset = usable(&entry.value, "default");
    if (given != options.params.end()) {
      values[entry.key.scalar] = given->second;
    } else if (preset != nullptr && preset->is_scalar()) {
      Diagnostics reported_later;
      const auto parts =
          resolve_references(source, *preset, {environment(options), {}}, false, reported_later);
      if (parts) values[entry.key.scalar] = parts->empty() ? "" : parts->front().text;
    }
  }
  return values;
}

}  // namespace

std::string_view to_string(FormatKind format) { return word_of(kFormats, format); }
std::string_view to_string(Partitioner partitioner) { return word_of(kPartitioners, partitioner); }
std::string_view to_string(Compression compression) { return word_of(kCompressions, compression); }

std::string JobSpec::identity() const {
  return generation > 1 ? fmt::format("{}.g{}", *job, generation) : *job;
}

std::optional<JobSpec> parse_job_file(const std::string& path, const WeirConfig& config,
                                      Diagnostics& diagnostics, const ParseOptions& options) {
  std::optional<std::string> text = load_file(path, diagnostics);
  if (!text) return std::nullopt;
  return parse_job(path, std::move(*text), config, diagnostics, options);
}

std::optional<JobSpec> parse_job(std::string path, std::string text, const WeirConfig& config,
                                 Diagnostics& diagnostics, const ParseOptions& options) {
  const std::shared_ptr<SourceText> source = make_source(std::move(path), std::move(text));
  std::optional<YamlNode> root = parse_yaml(*source, diagnostics);
  if (!root) return std::nullopt;
  if (root->kind == YamlNode::Kind::kNull) {
    diagnostics.file_error(source->path(), Code::kEmptyFile, "the file is empty");
    return std::nullopt;
  }
  const References references{environment(options), param_values(*source, *root, options)};
  check_fields(*root, {job_fields(), "the job", *source, references, diagnostics});
  if (root->bad) return std::nullopt;
  JobSpec spec =
      JobBuilder(*root, *source, config, references, diagnostics).build(references, options);
  spec.source = source;
  return spec;
}

}  // namespace weir
