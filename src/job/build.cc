#include "job/build.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "connectors/kafka/cell.h"
#include "connectors/kafka/decider.h"
#include "connectors/kafka/sink.h"
#include "connectors/kafka/source.h"
#include "data/render.h"
#include "formats/decoder.h"
#include "formats/encoder.h"
#include "operators/stateless.h"
#include "sql/evaluator.h"

namespace weir {
namespace {

Format format_of(FormatKind kind) {
  return kind == FormatKind::kJson ? Format::kJson : Format::kRaw;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

Result<kafka::Properties> resolve(const std::map<std::string, SecretText>& properties) {
  kafka::Properties resolved;
  for (const auto& [name, text] : properties) {
    WEIR_ASSIGN(const Secret secret, text.resolve());
    resolved.emplace_back(name, secret.reveal());
  }
  return resolved;
}

// Read at every connect, so that a secret that was changed is taken up.
Result<kafka::Properties> cluster_properties(const ClusterConfig& config) {
  WEIR_ASSIGN(kafka::Properties properties, resolve(config.properties));
  const SecurityConfig& security = config.security;
  properties.emplace_back("security.protocol", to_string(security.protocol));
  if (security.mechanism) properties.emplace_back("sasl.mechanism", to_string(*security.mechanism));
  const auto secret = [&](const char* name, const SecretText& text) -> Result<> {
    if (text.empty()) return {};
    WEIR_ASSIGN(const Secret value, text.resolve());
    properties.emplace_back(name, value.reveal());
    return {};
  };
  WEIR_TRY(secret("sasl.username", security.username));
  WEIR_TRY(secret("sasl.password", security.password));
  WEIR_TRY(secret("ssl.key.password", security.key_password));
  if (!security.ca.empty()) properties.emplace_back("ssl.ca.location", security.ca);
  if (!security.certificate.empty())
    properties.emplace_back("ssl.certificate.location", security.certificate);
  if (!security.key.empty()) properties.emplace_back("ssl.key.location", security.key);
  return properties;
}

kafka::KafkaCluster cluster_of(const KafkaEndpoint& endpoint) {
  const ClusterConfig& config = endpoint.cluster;
  return {.name = config.name.empty() ? config.bootstrap() : config.name,
          .brokers = config.bootstrap(),
          .epoch_topic = config.epoch_topic,
          .properties = [config] { return cluster_properties(config); }};
}

// The key of a row as bytes: text and bytea as they are, other types in PostgreSQL's text form.
class ExpressionKey final : public kafka::RecordParts {
 public:
  explicit ExpressionKey(Expression expression) : expression_(std::move(expression)) {}

  Result<> prepare(const Batch& batch, std::vector<RowError>& errors) override {
    column_ = evaluate(expression_, batch, batch.selection, errors);
    return {};
  }
  std::optional<std::string_view> key(const Batch& /*batch*/, RowIndex row) override {
    if (column_.is_null(row)) return std::nullopt;
    const TypeKind kind = column_.type().kind;
    if (kind == TypeKind::kText || kind == TypeKind::kBytea)
      return column_.values<std::string_view>()[row];
    text_.clear();
    append_text(text_, column_, row);
    return text_;
  }

 private:
  const Expression expression_;
  Column column_;
  std::string text_;
};

// Decoder and steps of one source, run to the end for every batch.
class ChainPipeline final : public Pipeline {
 public:
  ChainPipeline(std::unique_ptr<Decoder> decoder, std::vector<std::unique_ptr<Operator>> steps,
                SinkIndex sink)
      : decoder_(std::move(decoder)), steps_(std::move(steps)), sink_(sink) {}

  Result<> process(RecordBatch&& records, const EpochContext& epoch, PipelineOut& out) override {
    BatchPtr batch = decoder_->decode(std::move(records), errors_);
    for (const RowError& error : errors_) {
      if (Result<> kept = out.reject(RowErrorKind::kDecode, *batch, error); !kept) {
        errors_.clear();
        return kept;
      }
    }
    errors_.clear();
    return run(0, std::move(batch), epoch, out);
  }

 private:
  class Next final : public Emitter {
   public:
    Next(ChainPipeline& chain, std::size_t step, const EpochContext& epoch, PipelineOut& out)
        : chain_(chain), step_(step), epoch_(epoch), out_(out) {}
    Result<> emit(BatchPtr batch, std::size_t /*port*/) override {
      return chain_.run(step_, std::move(batch), epoch_, out_);
    }
    Result<> reject(const Batch& batch, RowError error) override {
      return out_.reject(RowErrorKind::kEval, batch, error);
    }

   private:
    ChainPipeline& chain_;
    const std::size_t step_;
    const EpochContext& epoch_;
    PipelineOut& out_;
  };

  Result<> run(std::size_t step, BatchPtr batch, const EpochContext& epoch, PipelineOut& out) {
    if (step == steps_.size()) {
      out.rows(sink_, std::move(batch));
      return {};
    }
    Next next(*this, step + 1, epoch, out);
    return steps_[step]->process(std::move(batch), epoch, next);
  }

  const std::unique_ptr<Decoder> decoder_;
  const std::vector<std::unique_ptr<Operator>> steps_;
  const SinkIndex sink_;
  std::vector<RowError> errors_;
};

Result<std::unique_ptr<Pipeline>> make_chain(const JobSpec& job, const PlannedChain& chain) {
  WEIR_ASSIGN(auto decoder,
              make_decoder(format_of(*job.sources[chain.source].format), chain.decoded));
  std::vector<std::unique_ptr<Operator>> steps;
  for (const PlannedStep& step : chain.steps) {
    steps.push_back(step.filter ? make_filter(*step.filter)
                                : make_select(step.select, step.output));
  }
  return std::unique_ptr<Pipeline>(std::make_unique<ChainPipeline>(
      std::move(decoder), std::move(steps), SinkIndex{static_cast<std::uint32_t>(chain.sink)}));
}

kafka::KafkaSourceOptions source_options(const SourceSpec& spec, const PlannedChain& chain,
                                         const std::string& job, kafka::Properties properties,
                                         std::uint64_t fetch_bytes) {
  const KafkaSourceSpec& from = spec.kafka;
  kafka::KafkaSourceOptions options{.index = SourceIndex{static_cast<std::uint32_t>(chain.source)},
                                    .name = *spec.name,
                                    .job = job,
                                    .cluster = cluster_of(from.endpoint),
                                    .group = from.group,
                                    .topics = {},
                                    .assign = from.assign,
                                    .start = static_cast<kafka::Start>(from.start->kind),
                                    .start_is_explicit = from.start.given,
                                    .start_timestamp_us = from.start->timestamp_us,
                                    .start_offsets = from.start->offsets,
                                    .end = static_cast<kafka::End>(from.end->kind),
                                    .end_timestamp_us = from.end->timestamp_us,
                                    .end_offsets = from.end->offsets,
                                    .with_headers = chain.reads_headers,
                                    .fetch_bytes = fetch_bytes,
                                    .properties = std::move(properties)};
  for (const auto& topic : from.topics) options.topics.push_back(*topic);
  return options;
}
static_assert(static_cast<int>(kafka::Start::kOffsets) == static_cast<int>(StartKind::kOffsets) &&
              static_cast<int>(kafka::End::kOffsets) == static_cast<int>(EndKind::kOffsets));

bool same_offset(const Position& a, const Position& b) {
  const auto x = kafka::decode_position(a);
  const auto y = kafka::decode_position(b);
  return x && y && x->next == y->next;
}

LaneOptions lane_options(const JobSpec& job, const Plan& plan, const BuildOptions& options) {
  LaneOptions lane;
  lane.job_file = options.job_file;
  lane.plan = plan.hash;
  lane.host = kafka::cell_host(host_name());
  lane.commit_every = job.commit.every;
  lane.commit_records = job.commit.records;
  lane.commit_bytes = job.commit.bytes;
  lane.available_now = job.trigger->kind == TriggerKind::kAvailableNow;
  if (job.trigger->kind == TriggerKind::kEvery) lane.trigger_every = job.trigger->every;
  lane.takeover = options.takeover;
  lane.takeover_auto = job.takeover == Takeover::kAuto;
  lane.drain_timeout = job.drain_timeout;
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  lane.threads_max = job.limits.threads ? *job.limits.threads : 4 * cores;
  lane.skip_decode_errors = job.on_decode_error == OnError::kSkip;
  lane.skip_eval_errors = job.on_eval_error == OnError::kSkip;
  for (const SourceSpec& source : job.sources) lane.groups[*source.name] = source.kafka.group;
  lane.same_position = &same_offset;
  return lane;
}

}  // namespace

Result<LaneParts> build_lane(const JobSpec& job, const Plan& plan, const std::string& instance,
                             std::unique_ptr<EpochStore> store, const BuildOptions& options) {
  LaneParts parts;
  parts.id = {instance, job.identity(), "0"};
  parts.store = std::move(store);
  parts.options = lane_options(job, plan, options);
  // 35 % of the memory limit is for fetch queues (performance.md).
  const std::uint64_t fetch_bytes = job.limits.memory_bytes * 35 / 100 / job.sources.size();
  for (const PlannedChain& chain : plan.chains) {
    const SourceSpec& source = job.sources[chain.source];
    WEIR_ASSIGN(kafka::Properties properties, resolve(source.kafka.properties));
    parts.sources.push_back(kafka::make_kafka_source(
        source_options(source, chain, options.job_file, std::move(properties), fetch_bytes)));
  }
  std::vector<kafka::OutputTopic> topics;
  for (const SinkSpec& sink : job.sinks) {
    WEIR_ASSIGN(kafka::Properties properties, resolve(sink.kafka.properties));
    topics.push_back({*sink.kafka.topic, std::string(to_string(sink.kafka.partitioner)),
                      std::string(to_string(sink.kafka.compression)), std::move(properties)});
  }
  auto slot = std::make_shared<kafka::ProducerSlot>(std::move(topics));
  for (std::size_t i = 0; i < job.sinks.size(); ++i) {
    const SinkSpec& sink = job.sinks[i];
    const auto chain = std::find_if(plan.chains.begin(), plan.chains.end(),
                                    [&](const PlannedChain& each) { return each.sink == i; });
    const Schema& schema = chain->steps.empty() ? *chain->decoded : *chain->steps.back().output;
    WEIR_ASSIGN(std::shared_ptr<const Encoder> encoder,
                make_encoder(format_of(*sink.format), schema));
    kafka::KafkaSinkOptions sink_options{.name = *sink.name,
                                         .cluster = cluster_of(sink.kafka.endpoint),
                                         .topic = *sink.kafka.topic,
                                         .encoder = std::move(encoder),
                                         .make_parts = {}};
    if (chain->key) {
      sink_options.make_parts = [key = *chain->key] {
        return std::make_unique<ExpressionKey>(key);
      };
    }
    parts.sinks.push_back(kafka::make_kafka_sink(std::move(sink_options), slot));
  }
  parts.make_pipeline = [&job, &plan](std::size_t source) {
    return make_chain(job, plan.chains[source]);
  };
  parts.make_decider =
      kafka::kafka_decider_factory({.cluster = cluster_of(job.sinks[0].kafka.endpoint),
                                    .lane = parts.id,
                                    .mirror_groups = parts.options.groups},
                                   std::move(slot));
  return parts;
}

}  // namespace weir
