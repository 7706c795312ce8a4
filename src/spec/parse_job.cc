#include <fmt/format.h>

#include "data/render.h"
#include "spec/check_fields.h"
#include "spec/check_job.h"
#include "spec/job_parts.h"
#include "spec/job_words.h"
#include "spec/load.h"
#include "spec/parse.h"
#include "spec/tree_values.h"

namespace weir {
namespace {

// From a checked tree to a JobSpec, with the mistakes that one key alone does not show.
class JobBuilder {
 public:
  JobBuilder(const YamlNode& root, const SourceText& source, const WeirConfig& config,
             const References& references, Diagnostics& diagnostics)
      : root_(root),
        config_(config),
        kafka_(source, references, diagnostics),
        context_{source, config, kafka_, diagnostics} {}

  JobSpec build(const References& references, const ParseOptions& options) {
    if (const auto job = text_of(&root_, "job")) spec_.job = *job;
    if (const auto n = count_of(&root_, "generation")) {
      spec_.generation = static_cast<std::uint32_t>(*n);
    }
    if (const auto text = text_of(&root_, "description")) spec_.description = **text;
    params(references, options);
    const std::string group = config_.instance + "." + spec_.identity();
    for_each(&root_, "sources", [&](const YamlEntry& entry) {
      spec_.sources.push_back(read_source(entry, group, context_));
    });
    if (const YamlNode* list = usable(&root_, "steps")) {
      for (const YamlNode& item : list->items) {
        if (!item.bad) spec_.steps.push_back(read_step(item, context_));
      }
    }
    for_each(&root_, "sinks",
             [&](const YamlEntry& entry) { spec_.sinks.push_back(read_sink(entry, context_)); });
    settings();
    check_job(spec_, context_);
    return std::move(spec_);
  }

 private:
  void error(Place at, Code code, std::string message, std::string hint = {}) {
    context_.error(at, code, std::move(message), std::move(hint));
  }
  template <class F>
  static void for_each(const YamlNode* parent, std::string_view key, F&& f) {
    const YamlNode* map = usable(parent, key);
    if (map == nullptr) return;
    for (const YamlEntry& entry : map->entries) {
      if (!entry.value.bad) f(entry);
    }
  }

  void params(const References& references, const ParseOptions& options) {
    for_each(&root_, "params", [&](const YamlEntry& entry) {
      const auto type = text_of(&entry.value, "type");
      const auto value = references.params.find(entry.key.scalar);
      const YamlNode* preset = entry.value.find("default");
      if (preset == nullptr || value == references.params.end()) return;
      const bool overridden = options.params.contains(entry.key.scalar);
      spec_.params.push_back({Located<std::string>{entry.key.scalar, entry.key.at, true},
                              type ? parse_type(**type).value_or(Type{}) : Type{},
                              !type,
                              {value->second, preset->at, !overridden}});
    });
  }

  void settings() {
    const YamlNode* delivery = usable(&root_, "delivery");
    if (const auto word = choice_of(delivery, "guarantee", kGuarantees)) spec_.guarantee = *word;
    if (const auto word = choice_of(delivery, "offsets", kDeciders)) spec_.offsets = *word;
    const YamlNode* commit = usable(delivery, "commit");
    if (const auto every = duration_of(commit, "every")) spec_.commit.every = *every;
    if (const auto records = count_of(commit, "records")) spec_.commit.records = *records;
    if (const auto bytes = size_of(commit, "bytes")) spec_.commit.bytes = *bytes;
    if (const auto word = choice_of(delivery, "rotate", kRotates)) spec_.rotate = *word;
    if (const auto word = choice_of(delivery, "takeover", kTakeovers)) spec_.takeover = *word;
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
    errors();
    const YamlNode* stop = usable(&root_, "stop");
    if (const auto drain = duration_of(stop, "drain_timeout")) spec_.drain_timeout = *drain;
    spec_.marker = read_marker(usable(stop, "marker"), context_);
    spec_.limits = config_.limits;
    read_limits(usable(&root_, "limits"), spec_.limits);
    spec_.restart = config_.restart;
    read_restart(usable(&root_, "restart"), spec_.restart);
  }

  void errors() {
    const YamlNode* errors = usable(&root_, "errors");
    for_each(errors, "sinks",
             [&](const YamlEntry& entry) { spec_.dlqs.push_back(read_dlq(entry, context_)); });
    rule(errors, "decode", spec_.on_decode_error);
    rule(errors, "eval", spec_.on_eval_error);
    rule(errors, "sink", spec_.on_sink_error);
  }

  void rule(const YamlNode* errors, std::string_view key, ErrorRule& into) {
    if (const auto word = choice_of(errors, key, kOnErrors)) {
      into.rule = **word;
    } else if (const YamlNode* map = usable(errors, key); map != nullptr && map->is_map()) {
      into.rule = OnError::kDlq;
      if (const auto dlq = text_of(map, "dlq")) into.dlq = *dlq;
      if (map->find("dlq") == nullptr) {
        error(map->at, Code::kMissingField, fmt::format("\"dlq\" is missing in \"{}\"", key),
              "such as { dlq: dead }");
      }
    }
  }

  const YamlNode& root_;
  const WeirConfig& config_;
  KafkaReader kafka_;
  const PartContext context_;
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

std::string_view to_string(SourceKind kind) { return word_of(kSourceKinds, kind); }
std::string_view to_string(StepKind kind) { return word_of(kStepKinds, kind); }
std::string_view to_string(SinkKind kind) { return word_of(kSinkKinds, kind); }
std::string_view to_string(DecidedBy by) { return word_of(kDeciders, by); }
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
