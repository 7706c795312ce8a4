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

std::string_view error_text(OnError rule) {
  return rule == OnError::kFail ? "fail: HALT, naming the record" : "skip: counted";
}

void explain_source(Page& page, const SourceSpec& source, const PlannedChain& chain,
                    const PlanSurroundings& around) {
  page.head("source " + *source.name, input_text(source.kafka));
  page.line("group", source.kafka.group + " gets a copy of the positions; weir never joins it");
  page.line("start", around.checkpoint
                         ? fmt::format("{}, ignored: checkpoint at {}",
                                       start_text(*source.kafka.start), *around.checkpoint)
                         : start_text(*source.kafka.start) + ", at the first start only");
  if (source.kafka.end->kind != EndKind::kNone) page.line("end", end_text(*source.kafka.end));
  page.line("format", to_string(*source.format));
  page.line("decoded", columns_text(*chain.decoded));
  if (!chain.not_decoded.empty()) {
    page.line("not decoded", fmt::format("{}", fmt::join(chain.not_decoded, ", ")));
  }
}

void explain_step(Page& page, const JobSpec& job, const PlannedStep& step) {
  const auto spec = std::find_if(job.steps.begin(), job.steps.end(),
                                 [&](const StepSpec& each) { return *each.id == step.id; });
  std::string text = step.filter ? spec->filter.text() : columns_text(*step.output);
  std::replace(text.begin(), text.end(), '\n', ' ');
  page.head("step " + step.id, (step.filter ? "filter " : "select ") + text);
}

void explain_sink(Page& page, const SinkSpec& sink, const PlannedChain& chain) {
  page.head("sink " + *sink.name,
            fmt::format("kafka {}, topic {}", cluster_text(sink.kafka.endpoint.cluster),
                        *sink.kafka.topic));
  page.line("guarantee", "exactly once, in the transaction that holds the positions");
  page.line("key", chain.key ? fmt::format("{}, partitioner {}", sink.kafka.key.text(),
                                           to_string(sink.kafka.partitioner))
                             : std::string("none"));
  page.line("format", fmt::format("{}, compression {}", to_string(*sink.format),
                                  to_string(sink.kafka.compression)));
}

}  // namespace

std::string explain_plan(const JobSpec& job, const Plan& plan, const PlanSurroundings& around) {
  Page page;
  page.head("job " + job.identity(), job.description.empty() ? "" : job.description);
  page.line("lane", fmt::format("{}.{}.0, light: it keeps nothing between rows", around.instance,
                                job.identity()));
  page.line("decided by", "kafka: an epoch's rows and positions are one transaction");
  page.line("state", around.directory);
  for (const ParamSpec& param : job.params) {
    page.line("params." + *param.name, fmt::format("{} {}{}", to_string(param.type), *param.value,
                                                   param.value.given ? "" : ", by --param"));
  }
  for (const PlannedChain& chain : plan.chains) {
    page.gap();
    explain_source(page, job.sources[chain.source], chain, around);
    for (const PlannedStep& step : chain.steps) explain_step(page, job, step);
    explain_sink(page, job.sinks[chain.sink], chain);
  }
  page.gap();
  page.head("exchange", "none: every row stays with the worker of its partition");
  page.head("trigger", trigger_text(*job.trigger));
  page.head("commit", fmt::format("every {}, {} records, or {} of input or output; a new producer "
                                  "after each",
                                  format_duration(job.commit.every), job.commit.records,
                                  format_size(job.commit.bytes)));
  page.head("errors", fmt::format("decode {}, eval {}", error_text(job.on_decode_error),
                                  error_text(job.on_eval_error)));
  page.head("takeover", job.takeover == Takeover::kAuto
                            ? "auto: at its start the job takes over from another machine"
                            : "ask: another machine's job is left alone until run --takeover");
  page.head("stop", "finishes the open epoch, for " + format_duration(job.drain_timeout) +
                        " at most; then drops it, to be read again");
  page.head("threads", job.limits.threads ? std::to_string(*job.limits.threads)
                                          : std::string("one per partition, up to 4 per core"));
  page.head("memory", memory_text(job.limits.memory_bytes));
  return std::move(page).text();
}

}  // namespace weir
