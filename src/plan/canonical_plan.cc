#include "plan/plan.h"

namespace weir {
namespace {

// version 2 of the grammar: lines of a word and sized texts, `<bytes>:<text>`. The words and their
// order are durable (LANE and the cell hold the hash): a change is version 3.
class Writer {
 public:
  Writer& line(std::string_view word) {
    text_ += (text_.empty() ? "" : "\n");
    text_ += word;
    return *this;
  }
  Writer& sized(std::string_view text) {
    text_ += " " + std::to_string(text.size()) + ":";
    text_ += text;
    return *this;
  }
  void columns(const Schema& schema) {
    for (const Field& field : schema.fields()) {
      line("column")
          .sized(field.name)
          .sized(to_string(field.type))
          .sized(field.not_null ? "not null" : "");
    }
  }
  void expression(std::string_view word, const std::optional<Expression>& expression,
                  const Schema& schema) {
    if (expression) line(word).sized(expression->canonical(schema));
  }
  void targets(std::string_view word, const std::vector<SelectTarget>& targets,
               const Schema& schema) {
    for (const SelectTarget& target : targets) {
      line(word).sized(target.name).sized(target.expression.canonical(schema));
    }
  }
  void csv(const Located<FormatKind>& format, const CsvSpec& csv) {
    if (*format != FormatKind::kCsv) return;
    line("csv").sized({&csv.delimiter, 1}).sized(csv.header ? "header" : "").sized(csv.null_text);
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

class PlanWriter {
 public:
  PlanWriter(const JobSpec& job, const Plan& plan) : job_(job), plan_(plan) {}

  std::string text() && {
    out_.line("plan 2");
    for (std::size_t i = 0; i < plan_.sources.size(); ++i) {
      source(job_.sources[i], plan_.sources[i]);
    }
    for (const PlannedStep& each : plan_.steps) step(each);
    for (std::size_t i = 0; i < plan_.sinks.size(); ++i) sink(job_.sinks[i], plan_.sinks[i]);
    return std::move(out_).text();
  }

 private:
  void takers(const std::vector<Taker>& takers) {
    for (const Taker& each : takers) taker(each);
  }
  void taker(const Taker& taker) {
    out_.line("to").sized(taker.is_step ? plan_.steps[taker.index].id
                                        : *job_.sinks[taker.index].name);
  }

  void source(const SourceSpec& spec, const PlannedSource& planned) {
    out_.line("source").sized(*spec.name).sized(to_string(spec.kind));
    if (spec.format.given) out_.sized(to_string(*spec.format));
    for (const Located<std::string>& topic : spec.kafka.topics) out_.line("topic").sized(*topic);
    if (spec.kafka.pattern.given) out_.line("pattern").sized(*spec.kafka.pattern);
    for (const auto& [topic, partitions] : spec.kafka.assign) {
      out_.line("assign").sized(topic);
      for (const std::int32_t partition : partitions) out_.sized(std::to_string(partition));
    }
    if (spec.kind == SourceKind::kFile) out_.line("path").sized(*spec.file.path);
    out_.csv(spec.format, spec.csv);
    out_.columns(*planned.decoded);
    out_.targets("target", planned.row, *planned.decoded);
    takers(planned.takers);
  }

  void step(const PlannedStep& step) {
    out_.line(to_string(step.kind)).sized(step.id);
    out_.expression("when", step.filter, *step.input);
    out_.targets("target", step.select, *step.input);
    for (const PlannedRoute& route : step.routes) {
      out_.line(route.otherwise ? "otherwise" : "way");
      out_.expression("when", route.when, *step.input);
      taker(route.taker);
    }
    takers(step.takers);
  }

  void sink(const SinkSpec& spec, const PlannedSink& planned) {
    out_.line("sink").sized(*spec.name).sized(to_string(spec.kind)).sized(to_string(*spec.format));
    out_.csv(spec.format, spec.csv);
    if (spec.kind == SinkKind::kFile) out_.line("path").sized(*spec.path);
    if (spec.kind != SinkKind::kKafka) return;
    out_.line("topic").sized(*spec.kafka.topic);
    out_.expression("key", planned.key, *planned.input);
    out_.expression("partition", planned.partition, *planned.input);
    out_.expression("tombstone", planned.tombstone, *planned.input);
    out_.targets("header", planned.headers, *planned.input);
    out_.line("partitioner").sized(to_string(spec.kafka.partitioner));
  }

  const JobSpec& job_;
  const Plan& plan_;
  Writer out_;
};

}  // namespace

std::string canonical_plan(const JobSpec& job, const Plan& plan) {
  return PlanWriter(job, plan).text();
}

}  // namespace weir
