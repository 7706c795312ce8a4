#include "job/build.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <thread>

#include "connectors/file/sink.h"
#include "connectors/file/source.h"
#include "connectors/generate/source.h"
#include "connectors/kafka/cell.h"
#include "connectors/kafka/decider.h"
#include "connectors/kafka/plain_sink.h"
#include "connectors/kafka/sink.h"
#include "connectors/kafka/source.h"
#include "connectors/stdout/sink.h"
#include "engine/dead_letters.h"
#include "engine/local_decider.h"
#include "formats/encoder.h"
#include "job/clusters.h"
#include "job/formats.h"
#include "job/pipeline.h"
#include "job/row_parts.h"
#include "plan/memory.h"
#include "plan/pattern.h"

namespace weir {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

// As in messages of weir check: file, line, column.
std::string place_in(const JobSpec& job, Place place) {
  const LineColumn at = job.source->line_column(place.offset);
  return fmt::format("{}:{}:{}", job.source->path(), at.line, at.column);
}

Place topics_place(const SourceSpec& source) {
  if (!source.kafka.topics.empty()) return source.kafka.topics.front().at;
  return source.name.at;
}

kafka::KafkaSourceOptions kafka_options(const JobSpec& job_spec, const SourceSpec& spec,
                                        std::size_t index, const PlannedSource& planned,
                                        const std::string& job, std::uint64_t fetch_bytes) {
  const KafkaSourceSpec& from = spec.kafka;
  kafka::KafkaSourceOptions options{
      .index = SourceIndex{static_cast<std::uint32_t>(index)},
      .name = *spec.name,
      .topics_at = place_in(job_spec, topics_place(spec)),
      .start_at = place_in(job_spec, from.start.given ? from.start.at : spec.name.at),
      .end_at = place_in(job_spec, from.end.given ? from.end.at : spec.name.at),
      .job = job,
      .cluster = cluster_of(from.endpoint),
      .group = from.group,
      .topics = {},
      .pattern = {},
      .assign = from.assign,
      .start = static_cast<kafka::Start>(from.start->kind),
      .start_is_explicit = from.start.given,
      .start_timestamp_us = from.start->timestamp_us,
      .start_offsets = from.start->offsets,
      .end = static_cast<kafka::End>(from.end->kind),
      .end_timestamp_us = from.end->timestamp_us,
      .end_offsets = from.end->offsets,
      .on_data_loss = static_cast<kafka::OnDataLoss>(from.on_data_loss),
      .with_headers = planned.reads_headers,
      .fetch_bytes = fetch_bytes,
      .properties = properties_of(from.properties)};
  for (const auto& topic : from.topics) options.topics.push_back(*topic);
  if (from.pattern.given) options.pattern = {*from.pattern, pattern_topics(job_spec, spec)};
  return options;
}
static_assert(static_cast<int>(kafka::Start::kOffsets) == static_cast<int>(StartKind::kOffsets) &&
              static_cast<int>(kafka::End::kOffsets) == static_cast<int>(EndKind::kOffsets) &&
              static_cast<int>(kafka::OnDataLoss::kLatest) ==
                  static_cast<int>(OnDataLoss::kLatest));

bool same_offset(const Position& a, const Position& b) {
  const auto x = kafka::decode_position(a);
  const auto y = kafka::decode_position(b);
  return x && y ? x->next == y->next : a == b;
}

RowErrorRule::Kind rule_kind(OnError rule) {
  switch (rule) {
    case OnError::kFail:
      return RowErrorRule::Kind::kFail;
    case OnError::kSkip:
      return RowErrorRule::Kind::kSkip;
    case OnError::kDlq:
      break;
  }
  return RowErrorRule::Kind::kDeadLetter;
}

LaneOptions lane_options(const JobSpec& job, const Plan& plan, const BuildOptions& options) {
  LaneOptions lane;
  lane.job_file = options.job_file;
  lane.job = job.identity();
  lane.plan = plan.hash;
  lane.host = kafka::cell_host(host_name());
  lane.commit_every = job.commit.every;
  lane.commit_records = job.commit.records;
  lane.commit_bytes = job.commit.bytes;
  lane.available_now = job.trigger->kind == TriggerKind::kAvailableNow;
  if (job.trigger->kind == TriggerKind::kEvery) lane.trigger_every = job.trigger->every;
  lane.rotate_always = *job.rotate == Rotate::kAlways;
  lane.takeover = options.takeover;
  lane.takeover_auto = *job.takeover == Takeover::kAuto;
  // Whether it is light, the clusters' ids say at the claim.
  lane.may_be_light = plan.delivery.by != DecidedBy::kCheckpoint;
  lane.drain_timeout = job.drain_timeout;
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  lane.threads_max = job.limits.threads ? *job.limits.threads : 4 * cores;
  lane.decode_errors.kind = rule_kind(job.on_decode_error.rule);
  lane.eval_errors.kind = rule_kind(job.on_eval_error.rule);
  lane.sink_errors.kind = rule_kind(job.on_sink_error.rule);
  std::optional<std::chrono::microseconds> refresh;
  for (const SourceSpec& source : job.sources) {
    if (source.kind != SourceKind::kKafka) continue;
    lane.groups[*source.name] = source.kafka.group;
    lane.places[*source.name] = job.source->path() + ":" +
                                std::to_string(job.source->line_column(source.name.at.offset).line);
    refresh = std::min(refresh.value_or(source.kafka.refresh), source.kafka.refresh);
  }
  if (refresh) lane.look_every = *refresh;
  lane.same_position = &same_offset;
  return lane;
}

// A job's lane in the making: names, and which sink of the lane each sink of the job is.
class LaneBuilder {
 public:
  LaneBuilder(const JobSpec& job, const Plan& plan, const BuildOptions& options)
      : job_(job),
        plan_(plan),
        options_(options),
        directory_(std::filesystem::path(job.source->path()).parent_path().string()),
        memory_(share_memory(job.limits.memory_bytes)) {}

  Result<LaneParts> build(const std::string& instance, std::unique_ptr<EpochStore> store) {
    parts_.id = {instance, job_.identity(), "0"};
    parts_.store = std::move(store);
    parts_.options = lane_options(job_, plan_, options_);
    for (std::size_t i = 0; i < job_.sources.size(); ++i) WEIR_TRY(source(i));
    WEIR_TRY(kafka_sinks());
    WEIR_TRY(followers());
    parts_.make_pipeline = [&job = job_, &plan = plan_, sinks = sinks_](std::size_t source) {
      return make_pipeline(job, plan, source, sinks);
    };
    decider();
    return std::move(parts_);
  }

 private:
  Result<> source(std::size_t index) {
    const SourceSpec& spec = job_.sources[index];
    const SourceIndex id{static_cast<std::uint32_t>(index)};
    switch (spec.kind) {
      case SourceKind::kKafka: {
        const auto count =
            std::count_if(job_.sources.begin(), job_.sources.end(),
                          [](const SourceSpec& each) { return each.kind == SourceKind::kKafka; });
        parts_.sources.push_back(kafka::make_kafka_source(
            kafka_options(job_, spec, index, plan_.sources[index], options_.job_file,
                          memory_.fetch_bytes / static_cast<std::uint64_t>(count))));
        return {};
      }
      case SourceKind::kFile:
        parts_.sources.push_back(file::make_file_source(
            {.index = id,
             .name = *spec.name,
             .job = options_.job_file,
             .path = *spec.file.path,
             .directory = directory_,
             .framing = framing_of(format_of(spec), format_options(spec, plan_.sources[index]).csv),
             .last_line = spec.file.last_line_waits ? file::LastLine::kWait : file::LastLine::kRow,
             .row_bytes_max = spec.file.row_bytes_max}));
        return {};
      case SourceKind::kGenerate:
      case SourceKind::kNone:
        break;
    }
    const GenerateSourceSpec& numbers = spec.generate;
    parts_.sources.push_back(generate::make_generate_source(
        {.index = id,
         .name = *spec.name,
         .pace = numbers.per_second > 0 ? generate::Pace::rate(numbers.per_second)
                                        : generate::Pace::every(numbers.every),
         .count = numbers.count},
        options_.clock));
    return {};
  }

  static void add_topic(const SinkSpec& spec, bool rows_choose, kafka::ProducerOptions& into) {
    into.topics.push_back({*spec.kafka.topic, std::string(to_string(spec.kafka.partitioner)),
                           std::string(to_string(spec.kafka.compression)),
                           properties_of(spec.kafka.properties), rows_choose});
  }

  // All that is written to one cluster, through one producer.
  struct Output {
    KafkaEndpoint endpoint;
    SinkRole role = SinkRole::kTransaction;
    kafka::ProducerOptions options;
    std::shared_ptr<kafka::PlainProducer> plain;
  };

  Output& output_of(const SinkSpec& spec, SinkRole role) {
    const auto same = [&](const Output& output) {
      return output.role == role && same_cluster(output.endpoint, spec.kafka.endpoint);
    };
    const auto found = std::find_if(outputs_.begin(), outputs_.end(), same);
    if (found != outputs_.end()) return *found;
    return outputs_.emplace_back(Output{spec.kafka.endpoint, role, {}, nullptr});
  }

  // The Kafka sinks, those of dead letters last.
  Result<> kafka_sinks() {
    const std::vector<SinkRole>& roles = plan_.delivery.sinks;
    for (std::size_t i = 0; i < job_.sinks.size(); ++i) {
      if (job_.sinks[i].kind != SinkKind::kKafka) continue;
      add_topic(job_.sinks[i], plan_.sinks[i].partition.has_value(),
                output_of(job_.sinks[i], roles[i]).options);
    }
    for (std::size_t i = 0; i < job_.dlqs.size(); ++i) {
      add_topic(job_.dlqs[i], false, output_of(job_.dlqs[i], plan_.delivery.dlqs[i]).options);
    }
    open_outputs();
    sinks_.resize(job_.sinks.size());
    for (std::size_t i = 0; i < job_.sinks.size(); ++i) {
      if (job_.sinks[i].kind != SinkKind::kKafka) continue;
      const PlannedSink& planned = plan_.sinks[i];
      sinks_[i] = next_sink();
      WEIR_TRY(kafka_sink(job_.sinks[i], roles[i], *planned.input,
                          make_row_parts({.key = planned.key,
                                          .partition = planned.partition,
                                          .tombstone = planned.tombstone,
                                          .headers = planned.headers})));
    }
    for (std::size_t i = 0; i < job_.dlqs.size(); ++i) {
      WEIR_TRY(dead_letters(job_.dlqs[i], plan_.delivery.dlqs[i]));
    }
    return {};
  }

  // The transaction of a lane decided without rows has a producer too.
  void open_outputs() {
    const std::uint64_t share = memory_.rows_bytes / std::max<std::size_t>(outputs_.size(), 1);
    std::vector<std::string> sources;
    for (const SourceSpec& source : job_.sources) sources.push_back(*source.name);
    kafka::ProducerOptions transaction{.topics = {}, .queue_bytes = share};
    for (Output& output : outputs_) {
      output.options.queue_bytes = share;
      output.options.sources = sources;
      if (output.role == SinkRole::kTransaction) {
        transaction = std::move(output.options);
      } else {
        output.plain = std::make_shared<kafka::PlainProducer>(cluster_of(output.endpoint),
                                                              std::move(output.options));
      }
    }
    slot_ = std::make_shared<kafka::ProducerSlot>(std::move(transaction));
  }

  SinkIndex next_sink() const {
    return SinkIndex{static_cast<std::uint32_t>(parts_.sinks.size() + parts_.followers.size())};
  }

  Result<> kafka_sink(const SinkSpec& spec, SinkRole role, const Schema& schema,
                      kafka::MakeRecordParts parts) {
    WEIR_ASSIGN(std::shared_ptr<const Encoder> encoder,
                make_encoder(format_of(*spec.format), schema, format_options(spec)));
    kafka::KafkaSinkOptions options{.name = *spec.name,
                                    .topic_at = place_in(job_, spec.kafka.topic.at),
                                    .cluster = cluster_of(spec.kafka.endpoint),
                                    .topic = *spec.kafka.topic,
                                    .encoder = std::move(encoder),
                                    .make_parts = std::move(parts)};
    parts_.sinks.push_back(
        role == SinkRole::kTransaction
            ? kafka::make_kafka_sink(std::move(options), slot_)
            : kafka::make_kafka_plain_sink(std::move(options), output_of(spec, role).plain));
    return {};
  }

  // Key and value as they came, and what is known about the failure in headers.
  Result<> dead_letters(const SinkSpec& spec, SinkRole role) {
    const std::shared_ptr<const Schema> schema = dead_letter_schema();
    const SqlScope scope{schema.get(), "dead letters"};
    std::vector<SqlError> errors;
    RowExpressions parts{.key = compile_expression("key", scope, errors),
                         .partition = {},
                         .tombstone = {},
                         .headers = {}};
    for (const char* const name : {"error", "step", "source", "job"}) {
      parts.headers.push_back(
          {std::string("weir.") + name, *compile_expression(name, scope, errors)});
    }
    dlq_sinks_[*spec.name] = next_sink();
    const auto route = [&, index = next_sink()](const ErrorRule& rule, RowErrorRule& into) {
      if (rule.rule == OnError::kDlq && *rule.dlq == *spec.name) into.dead_letters = index;
    };
    route(job_.on_decode_error, parts_.options.decode_errors);
    route(job_.on_eval_error, parts_.options.eval_errors);
    route(job_.on_sink_error, parts_.options.sink_errors);
    // The encoder writes the first column, the value.
    return kafka_sink(spec, role, Schema({(*schema)[0]}), make_row_parts(std::move(parts)));
  }

  Result<> followers() {
    for (std::size_t i = 0; i < job_.sinks.size(); ++i) {
      const SinkSpec& spec = job_.sinks[i];
      if (spec.kind == SinkKind::kKafka) continue;
      const Schema& schema = *plan_.sinks[i].input;
      const Format format = format_of(*spec.format);
      const FormatOptions formatting = format_options(spec);
      WEIR_ASSIGN(std::shared_ptr<const Encoder> encoder, make_encoder(format, schema, formatting));
      LineWriter writer(format, std::move(encoder), schema, formatting);
      sinks_[i] = next_sink();
      if (spec.kind == SinkKind::kFile) {
        const std::string path = (std::filesystem::path(directory_) / *spec.path).string();
        parts_.followers.push_back(
            file::make_file_sink({.name = *spec.name,
                                  .directory = path,
                                  .stem = job_.identity() + "-" + parts_.id.lane,
                                  .writer = std::move(writer)}));
      } else {
        parts_.followers.push_back(
            stdout_sink::make_stdout_sink({.name = *spec.name, .writer = std::move(writer)}));
      }
      OutboxBound bound{.follower = *spec.name, .bytes_max = spec.outbox_bytes_max};
      if (spec.when_full_dlq.given) bound.dead_letters = dlq_sinks_.at(*spec.when_full_dlq);
      parts_.outbox_bounds.push_back(std::move(bound));
    }
    return {};
  }

  void decider() {
    if (plan_.delivery.by == DecidedBy::kCheckpoint) {
      parts_.make_decider = [id = parts_.id,
                             store = parts_.store.get()]() -> Result<std::unique_ptr<Decider>> {
        return make_local_decider(id, *store);
      };
      return;
    }
    parts_.make_decider =
        kafka::kafka_decider_factory({.cluster = cluster_of(*plan_.delivery.cluster),
                                      .lane = parts_.id,
                                      .mirror_groups = parts_.options.groups,
                                      .rotate_always = parts_.options.rotate_always},
                                     slot_);
  }

  const JobSpec& job_;
  const Plan& plan_;
  const BuildOptions& options_;
  const std::string directory_;  // of the job file
  const MemoryShares memory_;
  LaneParts parts_;
  std::vector<Output> outputs_;
  std::shared_ptr<kafka::ProducerSlot> slot_;  // of the deciding transaction
  std::vector<SinkIndex> sinks_;               // by sink of the job
  std::map<std::string, SinkIndex> dlq_sinks_;
};

}  // namespace

Result<LaneParts> build_lane(const JobSpec& job, const Plan& plan, const std::string& instance,
                             std::unique_ptr<EpochStore> store, const BuildOptions& options) {
  return LaneBuilder(job, plan, options).build(instance, std::move(store));
}

}  // namespace weir
