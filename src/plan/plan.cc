#include "plan/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.h"
#include "base/units.h"

namespace weir {
namespace {

class Planner {
 public:
  Planner(const JobSpec& job, Diagnostics& diagnostics) : job_(job), diagnostics_(diagnostics) {}

  std::optional<Plan> plan() {
    link();
    if (job_.trigger->kind == TriggerKind::kEvery) {
      error(job_.trigger.at, Code::kNotInThisVersion,
            "`trigger: { every: ... }` is not in this version; there are continuous and "
            "available_now");
    }
    // Mistakes elsewhere do not keep those in SQL from being found.
    Plan plan;
    for (std::size_t i = 0; i < job_.sources.size(); ++i) plan.chains.push_back(chain(i));
    if (diagnostics_.has_errors()) return std::nullopt;
    plan.hash = PlanHash{hash64(explain_plan(job_, plan))};
    return plan;
  }

 private:
  void error(Place place, Code code, std::string message) {
    diagnostics_.error(*job_.source, place, code, std::move(message));
  }

  // Who takes whose rows: steps in order, unless `from:` says otherwise.
  void link() {
    std::map<std::string, bool> known;  // name -> taken
    for (const SourceSpec& source : job_.sources) known[*source.name] = false;
    std::string previous = job_.sources.size() == 1 ? *job_.sources[0].name : "";
    const auto take = [&](const Located<std::string>& from, const std::string& what, Place place) {
      const std::string name = from.given ? *from : previous;
      if (name.empty()) {
        error(place, Code::kPlanLink, what + " needs `from:`, there is more than one source");
      } else if (!known.contains(name)) {
        error(from.at, Code::kPlanLink,
              what + ": there is no source or earlier step \"" + name + "\"");
      } else if (known[name]) {
        error(from.given ? from.at : place, Code::kPlanLink,
              "\"" + name + "\" has two takers, " + what +
                  " among them; in this version each has one");
      } else {
        known[name] = true;
      }
      return name;
    };
    for (std::size_t i = 0; i < job_.steps.size(); ++i) {
      const StepSpec& step = job_.steps[i];
      takers_[take(step.from, "step \"" + *step.id + "\"", step.id.at)] = {true, i};
      // A step whose id is missing or taken was reported; it still has its place.
      const bool named = step.id.given && !known.contains(*step.id);
      names_.push_back(named ? *step.id : "step " + std::to_string(i + 1));
      previous = names_.back();
      known[previous] = false;
    }
    for (std::size_t i = 0; i < job_.sinks.size(); ++i) {
      const SinkSpec& sink = job_.sinks[i];
      takers_[take(sink.from, "sink \"" + *sink.name + "\"", sink.name.at)] = {false, i};
    }
    for (const SourceSpec& source : job_.sources) {
      if (!known[*source.name])
        error(source.name.at, Code::kPlanLink,
              "no step and no sink uses source \"" + *source.name + "\"");
    }
    for (std::size_t i = 0; i < job_.steps.size(); ++i) {
      const StepSpec& step = job_.steps[i];
      if (!known[names_[i]] && step.id.given)
        error(step.id.at, Code::kPlanLink, "no step and no sink uses step \"" + *step.id + "\"");
    }
  }

  void report(const SqlText& sql, const std::vector<SqlError>& errors) {
    for (const SqlError& each : errors) {
      diagnostics_.error(*job_.source, sql.place(each.offset, each.length), each.code, each.message,
                         each.hint);
    }
  }

  PlannedChain chain(std::size_t source) {
    const SourceSpec& spec = job_.sources[source];
    // Reported by spec/: nothing is known about its columns.
    if (!spec.format.given || (*spec.format == FormatKind::kJson && !spec.schema.given()))
      return {};
    Schema full({Field{"value", {.kind = TypeKind::kBytea}, false}});
    if (*spec.format == FormatKind::kJson) {
      std::vector<SqlError> errors;
      full = compile_schema(spec.schema.text(), errors);
      report(spec.schema, errors);
      if (!errors.empty()) return {};
    }
    // Once over all columns, to learn which are used; once over those.
    std::set<std::size_t> used;
    PlannedChain all = compile(source, std::make_shared<Schema>(full), &used);
    if (diagnostics_.has_errors()) return all;
    std::vector<Field> fields;
    for (std::size_t i = 0; i < full.size(); ++i) {
      // NOT NULL is the schema's promise about every record, used or not.
      if (used.contains(i) || full[i].not_null) fields.push_back(full[i]);
    }
    return compile(source, std::make_shared<Schema>(std::move(fields)), nullptr);
  }

  PlannedChain compile(std::size_t source, std::shared_ptr<const Schema> schema,
                       std::set<std::size_t>* used) {
    PlannedChain chain;
    chain.source = source;
    chain.decoded = schema;
    bool selected = false;
    const auto reads = [&](const Expression& expression) {
      chain.reads_headers = chain.reads_headers || expression.reads_headers();
      if (used != nullptr && !selected)
        used->insert(expression.columns().begin(), expression.columns().end());
    };
    std::string at = *job_.sources[source].name;
    std::string described = "source \"" + at + "\"";
    for (auto taker = takers_.find(at);; taker = takers_.find(at)) {
      if (taker == takers_.end()) return chain;  // reported: nobody takes these rows
      if (!taker->second.is_step) break;
      const StepSpec& spec = job_.steps[taker->second.index];
      // One with a mistake in its expression was reported; its columns are unknown.
      if (spec.filter.given() == spec.select.given()) return chain;
      const SqlScope scope{schema.get(), described};
      PlannedStep step{.id = *spec.id, .filter = {}, .select = {}, .output = schema};
      std::vector<SqlError> errors;
      if (spec.filter.given()) {
        step.filter = compile_filter(spec.filter.text(), scope, errors);
        report(spec.filter, errors);
        if (step.filter) reads(*step.filter);
      } else {
        step.select = compile_select(spec.select.text(), scope, errors);
        report(spec.select, errors);
        std::vector<Field> fields;
        for (const SelectTarget& target : step.select) {
          fields.push_back({target.name, target.expression.type(), false});
          reads(target.expression);
        }
        selected = true;
        schema = std::make_shared<Schema>(std::move(fields));
        step.output = schema;
        described = "step \"" + step.id + "\"";
      }
      // A filter changes no columns: what is behind a broken one can still be checked.
      if (!errors.empty() && !spec.filter.given()) return chain;
      chain.steps.push_back(std::move(step));
      at = names_[taker->second.index];
    }
    chain.sink = takers_.at(at).index;
    finish(chain, *schema, described, selected, used, reads);
    return chain;
  }

  template <class Reads>
  void finish(PlannedChain& chain, const Schema& schema, const std::string& described,
              bool selected, std::set<std::size_t>* used, const Reads& reads) {
    const SinkSpec& sink = job_.sinks[chain.sink];
    if (used != nullptr && !selected) {
      for (std::size_t i = 0; i < schema.size(); ++i) used->insert(i);
    }
    if (sink.kafka.key.given()) {
      std::vector<SqlError> errors;
      chain.key = compile_expression(sink.kafka.key.text(), SqlScope{&schema, described}, errors);
      report(sink.kafka.key, errors);
      if (chain.key) reads(*chain.key);
    }
    if (*sink.format == FormatKind::kRaw) {
      const bool usable = schema.size() == 1 && (schema[0].type.kind == TypeKind::kBytea ||
                                                 schema[0].type.kind == TypeKind::kText);
      if (!usable) {
        error(sink.format.at.length != 0 ? sink.format.at : sink.name.at, Code::kPlanFormat,
              "format raw writes exactly one column of text or bytea, and " + described + " has " +
                  std::to_string(schema.size()) + "; add a select");
      }
    }
  }

  struct Taker {
    bool is_step = false;
    std::size_t index = 0;
  };
  const JobSpec& job_;
  Diagnostics& diagnostics_;
  std::map<std::string, Taker> takers_;
  std::vector<std::string> names_;  // of the steps, for `from:`; unique
};

std::string columns_text(const Schema& schema) {
  std::string text;
  for (const Field& field : schema.fields()) {
    text += (text.empty() ? "" : ", ") + field.name + " " + to_string(field.type) +
            (field.not_null ? " NOT NULL" : "");
  }
  return text;
}

}  // namespace

std::optional<Plan> make_plan(const JobSpec& job, Diagnostics& diagnostics) {
  return Planner(job, diagnostics).plan();
}

std::string explain_plan(const JobSpec& job, const Plan& plan) {
  std::string text = "job " + job.identity() + ": one light lane, exactly-once, decided by Kafka\n";
  for (const PlannedChain& chain : plan.chains) {
    const SourceSpec& source = job.sources[chain.source];
    text += "  source " + *source.name + ": kafka, format " +
            std::string(to_string(*source.format)) + ", decodes " + columns_text(*chain.decoded) +
            "\n";
    for (const PlannedStep& step : chain.steps) {
      const auto spec = std::find_if(job.steps.begin(), job.steps.end(),
                                     [&](const StepSpec& each) { return *each.id == step.id; });
      text += step.filter ? "  step " + step.id + ": filter " + spec->filter.text() + "\n"
                          : "  step " + step.id + ": select -> " + columns_text(*step.output) +
                                "\n    " + spec->select.text() + "\n";
    }
    const SinkSpec& sink = job.sinks[chain.sink];
    text += "  sink " + *sink.name + ": kafka topic " + *sink.kafka.topic + ", format " +
            std::string(to_string(*sink.format)) +
            (sink.kafka.key.given() ? ", key " + sink.kafka.key.text() : ", no key") +
            ", in the transaction\n";
  }
  text += "  commit every " + format_duration(job.commit.every) + ", " +
          std::to_string(job.commit.records) + " records or " + format_size(job.commit.bytes) +
          "\n";
  return text;
}

}  // namespace weir
