#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "data/render.h"
#include "plan/memory.h"
#include "plan/plan.h"

namespace weir {
namespace {

// Lines of a label and what it stands for; a long text goes on below itself.
class Page {
 public:
  void head(std::string_view label, std::string_view text) { put(label, text); }
  void line(std::string_view label, std::string_view text) {
    put(fmt::format("  {}", label), text);
  }
  void gap() { text_ += '\n'; }
  std::string text() && { return std::move(text_); }

 private:
  static constexpr std::size_t kLabelWidth = 18;
  static constexpr std::size_t kTextWidth = 80;

  void put(std::string_view label, std::string_view text) {
    if (text.empty()) {
      text_ += fmt::format("{}\n", label);
      return;
    }
    std::string margin = fmt::format("{:<{}}", label, kLabelWidth);
    if (label.size() >= kLabelWidth) margin += "  ";
    while (text.size() > kTextWidth) {
      // At a blank behind a comma, so that no expression is torn.
      std::size_t cut = text.rfind(", ", kTextWidth);
      if (cut == std::string_view::npos) break;
      text_ += fmt::format("{}{}\n", margin, text.substr(0, cut + 1));
      text.remove_prefix(cut + 2);
      margin.assign(kLabelWidth, ' ');
    }
    text_ += fmt::format("{}{}\n", margin, text);
  }

  std::string text_;
};

std::string cluster_text(const ClusterConfig& cluster) {
  return cluster.name.empty() ? cluster.bootstrap()
                              : fmt::format("{} ({})", cluster.name, cluster.bootstrap());
}

std::string memory_text(std::uint64_t limit_bytes) {
  const MemoryShares shares = share_memory(limit_bytes);
  const auto mib = [](std::uint64_t bytes) { return bytes >> 20U; };
  return fmt::format("{}: {} MiB fetched records, {} MiB rows on their way out, {} MiB RocksDB",
                     format_size(limit_bytes), mib(shares.fetch_bytes), mib(shares.rows_bytes),
                     mib(shares.store_bytes));
}

std::string columns_text(const Schema& schema) {
  std::string text;
  for (const Field& field : schema.fields()) {
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", field.name, to_string(field.type),
                        field.not_null ? " NOT NULL" : "");
  }
  return text.empty() ? "nothing" : text;
}

std::string offsets_text(const OffsetsByTopic& offsets) {
  std::string text;
  for (const auto& [topic, partitions] : offsets) {
    for (const auto& [partition, offset] : partitions) {
      text += fmt::format("{}{}/{}@{}", text.empty() ? "" : ", ", topic, partition, offset);
    }
  }
  return text;
}

std::string time_text(std::int64_t timestamp_us) {
  std::string text;
  append_rfc3339(text, timestamp_us);
  return text;
}

std::string input_text(const KafkaSourceSpec& source) {
  std::string text = "kafka " + cluster_text(source.endpoint.cluster);
  for (std::size_t i = 0; i < source.topics.size(); ++i) {
    text += (i == 0 ? ", topics " : ", ") + *source.topics[i];
  }
  if (source.pattern.given) text += ", topics that match " + *source.pattern;
  for (const auto& [topic, partitions] : source.assign) {
    text += fmt::format(", partitions {} of {}", fmt::join(partitions, " "), topic);
  }
  return text;
}

std::string start_text(const StartSpec& start) {
  switch (start.kind) {
    case StartKind::kLatest:
      return "latest";
    case StartKind::kEarliest:
      return "earliest";
    case StartKind::kCommitted:
      return "committed: the group's offsets";
    case StartKind::kTimestamp:
      return "the first records at or after " + time_text(start.timestamp_us);
    case StartKind::kOffsets:
      return offsets_text(start.offsets) + "; other partitions at their beginning";
  }
  return "?";
}

std::string end_text(const EndSpec& end) {
  switch (end.kind) {
    case EndKind::kNone:
      return "none";
    case EndKind::kLatest:
      return "what is there at the first start; then the job exits 0";
    case EndKind::kTimestamp:
      return "before the first records at or after " + time_text(end.timestamp_us);
    case EndKind::kOffsets:
      return "before " + offsets_text(end.offsets);
  }
  return "?";
}

std::string trigger_text(const TriggerSpec& trigger) {
  switch (trigger.kind) {
    case TriggerKind::kContinuous:
      return "continuous";
    case TriggerKind::kAvailableNow:
      return "available_now: what is there at the start, then exit 0";
    case TriggerKind::kEvery:
      return "every " + format_duration(trigger.every) + ", what is there then";
  }
  return "?";
}

std::string error_text(const ErrorRule& rule) {
  switch (rule.rule) {
    case OnError::kFail:
      return "fail: HALT, naming the record";
    case OnError::kSkip:
      return "skip: counted";
    case OnError::kDlq:
      return "to dead-letter sink " + *rule.dlq;
  }
  return "?";
}

std::string marker_text(const MarkerSpec& marker) {
  return fmt::format("{}, {}, looked at every {}; deleting it stops the job", marker.name(),
                     marker.required ? "there before the job starts" : "made at the start",
                     format_duration(marker.check_every));
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string pace_text(const GenerateSourceSpec& generate) {
  std::string text = generate.per_second > 0
                         ? fmt::format("{} rows per second", generate.per_second)
                         : "a row every " + format_duration(generate.every);
  if (generate.count) text += fmt::format(", {} in the life of the job", *generate.count);
  return "generate " + text;
}

class Explainer {
 public:
  Explainer(const JobSpec& job, const Plan& plan, const PlanSurroundings& around)
      : job_(job), plan_(plan), around_(around) {}

  std::string text() && {
    job();
    page_.gap();
    for (std::size_t i = 0; i < plan_.sources.size(); ++i) source(i);
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) step(i);
    for (std::size_t i = 0; i < plan_.sinks.size(); ++i) sink(i);
    for (std::size_t i = 0; i < job_.dlqs.size(); ++i) dlq(i);
    page_.gap();
    settings();
    return std::move(page_).text();
  }

 private:
  void job() {
    const Delivery& delivery = plan_.delivery;
    page_.head("job " + job_.identity(), job_.description.empty() ? "" : job_.description);
    page_.line("lane", fmt::format("{}.{}.0, {}", around_.instance, job_.identity(),
                                   delivery.light ? "light: it keeps nothing between rows"
                                                  : "with an epoch record in its state directory"));
    switch (delivery.by) {
      case DecidedBy::kSink:
        page_.line("decided by", "kafka " + cluster_text(delivery.cluster->cluster) +
                                     ": an epoch's rows and its decision are one transaction");
        break;
      case DecidedBy::kKafka:
        page_.line("decided by", "kafka " + cluster_text(delivery.cluster->cluster) +
                                     ": a transaction without rows");
        break;
      case DecidedBy::kCheckpoint:
        page_.line("decided by", "checkpoint: the state directory alone");
        break;
    }
    page_.line("state", around_.directory);
    if (!delivery.light) page_.line("durability", "local: losing the state directory is a HALT");
    for (const ParamSpec& param : job_.params) {
      page_.line("params." + *param.name,
                 fmt::format("{} {}{}", to_string(param.type), *param.value,
                             param.value.given ? "" : ", by --param"));
    }
  }

  std::string takers_text(const std::vector<Taker>& takers) const {
    std::string text;
    for (const Taker& taker : takers) text += (text.empty() ? "" : ", ") + name_of(taker);
    return text;
  }
  std::string name_of(const Taker& taker) const {
    return taker.is_step ? plan_.steps[taker.index].id : *job_.sinks[taker.index].name;
  }
  // Who takes the rows, where that is not just what comes next.
  void to(const std::vector<Taker>& takers, bool next_is_taker) {
    if (takers.size() != 1 || !next_is_taker) page_.line("to", takers_text(takers));
  }
  bool first_step_takes(const std::vector<Taker>& takers) const {
    return plan_.sources.size() == 1 && takers.size() == 1 &&
           (plan_.steps.empty() ? plan_.sinks.size() == 1
                                : takers[0].is_step && takers[0].index == 0);
  }

  void source(std::size_t index) {
    const SourceSpec& spec = job_.sources[index];
    const PlannedSource& planned = plan_.sources[index];
    const std::string label = "source " + *spec.name;
    switch (spec.kind) {
      case SourceKind::kKafka:
        page_.head(label, input_text(spec.kafka));
        if (const auto now = around_.matches.find(*spec.name); now != around_.matches.end()) {
          page_.line("matches now", now->second);
        }
        page_.line("group",
                   spec.kafka.group + " gets a copy of the positions; weir never joins it");
        starts(*spec.name, spec.kafka);
        break;
      case SourceKind::kFile:
        page_.head(label, "file " + *spec.file.path);
        page_.line("ends",
                   "with what is there when the job starts; the next start reads what came");
        break;
      default:
        page_.head(label, pace_text(spec.generate));
    }
    if (spec.format.given) page_.line("format", to_string(*spec.format));
    page_.line("decoded", columns_text(*planned.decoded));
    if (!planned.not_decoded.empty()) {
      page_.line("not decoded", fmt::format("{}", fmt::join(planned.not_decoded, ", ")));
    }
    if (!planned.row.empty()) page_.line("row", columns_text(*planned.output));
    to(planned.takers, first_step_takes(planned.takers));
  }

  void starts(const std::string& name, const KafkaSourceSpec& kafka) {
    const std::string start = start_text(*kafka.start);
    page_.line("start", around_.checkpoint ? fmt::format("{}, ignored: checkpoint at {}", start,
                                                         *around_.checkpoint)
                                           : start + ", at the first start only");
    if (kafka.on_data_loss != OnDataLoss::kFail) {
      page_.line("on data loss",
                 fmt::format("goes on at the {} of what is there, and counts",
                             kafka.on_data_loss == OnDataLoss::kEarliest ? "beginning" : "end"));
    }
    const auto kept = around_.ends_kept.find(name);
    if (kafka.end->kind != EndKind::kNone) {
      page_.line("end",
                 end_text(*kafka.end) + (kept == around_.ends_kept.end()
                                             ? std::string()
                                             : ", as it was at the first start: " + kept->second));
    } else if (kept != around_.ends_kept.end()) {
      page_.line("end", "none: the end of the first start, " + kept->second +
                            ", is forgotten by the next one");
    }
  }

  void step(std::size_t index) {
    const PlannedStep& planned = plan_.steps[index];
    const StepSpec& spec = job_.steps[index];
    std::string text(to_string(planned.kind));
    if (planned.kind == StepKind::kSelect) {
      text += " " + columns_text(*planned.output);
    } else if (planned.kind == StepKind::kUnion) {
      for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
        text += (i == 0 ? " of " : ", ") + *spec.inputs[i];
      }
    } else if (planned.kind != StepKind::kRoute) {
      text += " " + one_line(spec.sql.text());
    }
    page_.head("step " + planned.id, text);
    for (std::size_t i = 0; i < planned.routes.size(); ++i) {
      const PlannedRoute& route = planned.routes[i];
      page_.line("to " + name_of(route.taker), route.when ? one_line(spec.route[i].when.text())
                                               : route.otherwise ? std::string("otherwise")
                                                                 : std::string("every row"));
    }
    if (planned.kind == StepKind::kRoute) return;
    const bool last = index + 1 == plan_.steps.size();
    const std::vector<Taker>& takers = planned.takers;
    to(takers, takers.size() == 1 && (last ? plan_.sinks.size() == 1
                                           : takers[0].is_step && takers[0].index == index + 1));
  }

  static std::string guarantee_text(SinkRole role, SinkKind kind) {
    switch (role) {
      case SinkRole::kTransaction:
        return "exactly once, in the transaction that decides";
      case SinkRole::kPlain:
        return "at least once: rows are visible at once, and may repeat after a crash";
      case SinkRole::kFollower:
        return kind == SinkKind::kFile
                   ? "exactly once: a file per epoch, the same whenever it is written"
                   : "at least once: rows may repeat after a crash";
    }
    return "?";
  }

  void sink(std::size_t index) {
    const SinkSpec& spec = job_.sinks[index];
    const PlannedSink& planned = plan_.sinks[index];
    const std::string label = "sink " + *spec.name;
    if (spec.kind == SinkKind::kKafka) {
      page_.head(label, fmt::format("kafka {}, topic {}", cluster_text(spec.kafka.endpoint.cluster),
                                    *spec.kafka.topic));
    } else {
      page_.head(label, spec.kind == SinkKind::kFile ? "file " + *spec.path + ", a file per epoch"
                                                     : std::string("stdout"));
    }
    page_.line("guarantee", guarantee_text(plan_.delivery.sinks[index], spec.kind));
    if (spec.kind != SinkKind::kKafka) {
      page_.line("outbox", format_size(spec.outbox_bytes_max) + " at most; then " +
                               (spec.when_full_dlq.given
                                    ? "its rows go to dead-letter sink " + *spec.when_full_dlq
                                    : std::string("intake waits")));
      page_.line("format", to_string(*spec.format));
      return;
    }
    page_.line("key", planned.key
                          ? fmt::format("{}, partitioner {}", one_line(spec.kafka.key.text()),
                                        to_string(spec.kafka.partitioner))
                          : std::string("none"));
    if (planned.partition) page_.line("partition", one_line(spec.kafka.partition.text()));
    for (const auto& [name, sql] : spec.kafka.headers) {
      page_.line("header " + name, one_line(sql.text()));
    }
    if (planned.tombstone) page_.line("tombstone", one_line(spec.kafka.tombstone_when.text()));
    page_.line("format", fmt::format("{}, compression {}", to_string(*spec.format),
                                     to_string(spec.kafka.compression)));
  }

  void dlq(std::size_t index) {
    const SinkSpec& spec = job_.dlqs[index];
    page_.head("sink " + *spec.name,
               fmt::format("kafka {}, topic {}, for rows with errors",
                           cluster_text(spec.kafka.endpoint.cluster), *spec.kafka.topic));
    page_.line("guarantee", guarantee_text(plan_.delivery.dlqs[index], spec.kind));
  }

  void settings() {
    page_.head("exchange", "none: every row stays with the worker of its partition");
    page_.head("trigger", trigger_text(*job_.trigger));
    page_.head("commit",
               fmt::format("every {}, {} records, or {} of input or output; a new producer {}",
                           format_duration(job_.commit.every), job_.commit.records,
                           format_size(job_.commit.bytes),
                           *job_.rotate == Rotate::kAlways ? "after each" : "on doubt"));
    page_.head("errors",
               fmt::format("decode {}, eval {}, sink {}", error_text(job_.on_decode_error),
                           error_text(job_.on_eval_error), error_text(job_.on_sink_error)));
    page_.head("takeover", *job_.takeover == Takeover::kAuto
                               ? "auto: at its start the job takes over from another machine"
                               : "ask: another machine's job is left alone until run --takeover");
    page_.head("stop", "finishes the open epoch, for " + format_duration(job_.drain_timeout) +
                           " at most; then drops it, to be read again");
    if (job_.marker.kind != MarkerKind::kNone) page_.head("marker", marker_text(job_.marker));
    page_.head("threads", job_.limits.threads ? std::to_string(*job_.limits.threads)
                                              : std::string("one per partition, up to 4 per core"));
    page_.head("memory", memory_text(job_.limits.memory_bytes));
    if (job_.limits.cpu_percent) {
      page_.head("cpu", format_percent(*job_.limits.cpu_percent) +
                            " of a core, under a daemon that has a control group of its own");
    }
  }

  const JobSpec& job_;
  const Plan& plan_;
  const PlanSurroundings& around_;
  Page page_;
};

}  // namespace

std::string explain_plan(const JobSpec& job, const Plan& plan, const PlanSurroundings& around) {
  return Explainer(job, plan, around).text();
}

}  // namespace weir
