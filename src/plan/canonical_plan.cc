#include "plan/plan.h"

namespace weir {
namespace {

// version 1 of the grammar: lines of a word and sized texts, `<bytes>:<text>`. The words and their
// order are durable (LANE and the cell hold the hash): a change is version 2.
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
  void schema(std::string_view word, const Schema& schema) {
    for (const Field& field : schema.fields()) {
      line(word)
          .sized(field.name)
          .sized(to_string(field.type))
          .sized(field.not_null ? "not null" : "");
    }
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

void write_source(Writer& out, const SourceSpec& source, const Schema& decoded) {
  out.line("source").sized(*source.name).sized("kafka").sized(to_string(*source.format));
  for (const Located<std::string>& topic : source.kafka.topics) out.line("topic").sized(*topic);
  for (const auto& [topic, partitions] : source.kafka.assign) {
    out.line("assign").sized(topic);
    for (const std::int32_t partition : partitions) out.sized(std::to_string(partition));
  }
  out.schema("column", decoded);
}

void write_sink(Writer& out, const SinkSpec& sink, const PlannedChain& chain,
                const Schema& schema) {
  out.line("sink").sized(*sink.name).sized("kafka").sized(to_string(*sink.format));
  out.line("topic").sized(*sink.kafka.topic);
  if (chain.key) out.line("key").sized(chain.key->canonical(schema));
  out.line("partitioner").sized(to_string(sink.kafka.partitioner));
}

}  // namespace

std::string canonical_plan(const JobSpec& job, const Plan& plan) {
  Writer out;
  out.line("plan 1");
  for (const PlannedChain& chain : plan.chains) {
    write_source(out, job.sources[chain.source], *chain.decoded);
    const Schema* schema = chain.decoded.get();
    for (const PlannedStep& step : chain.steps) {
      out.line(step.filter ? "filter" : "select").sized(step.id);
      if (step.filter) out.sized(step.filter->canonical(*schema));
      for (const SelectTarget& target : step.select) {
        out.line("target").sized(target.name).sized(target.expression.canonical(*schema));
      }
      schema = step.output.get();
    }
    write_sink(out, job.sinks[chain.sink], chain, *schema);
  }
  return std::move(out).text();
}

}  // namespace weir
