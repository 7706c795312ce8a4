#include "plan/plan.h"

#include <set>

#include "base/hash.h"
#include "plan/links.h"

namespace weir {
namespace {

class Planner {
 public:
  Planner(const JobSpec& job, Diagnostics& diagnostics)
      : job_(job), diagnostics_(diagnostics), links_(find_links(job, diagnostics)) {}

  std::optional<Plan> plan() {
    read_params();
    // Mistakes elsewhere do not keep those in SQL from being found.
    Plan plan;
    for (std::size_t i = 0; i < job_.sources.size(); ++i) plan.chains.push_back(chain(i));
    if (diagnostics_.has_errors()) return std::nullopt;
    plan.hash = PlanHash{hash64(canonical_plan(job_, plan))};
    return plan;
  }

 private:
  void error(Place place, Code code, std::string message, std::string hint = {}) {
    diagnostics_.error(*job_.source, place, code, std::move(message), std::move(hint));
  }

  void report(const SqlText& sql, const std::vector<SqlError>& errors) {
    for (const SqlError& each : errors) {
      error(sql.place(each.offset, each.length), each.code, each.message, each.hint);
    }
  }

  void read_params() {
    for (const ParamSpec& param : job_.params) {
      params_.push_back({*param.name, compile_constant(*param.value, param.type)});
      // A value of the command line is the command line's to report.
      if (params_.back().value || !param.value.given) continue;
      error(param.value.at, Code::kBadValue,
            "\"" + *param.value + "\" is not of type " + to_string(param.type));
    }
  }

  // Every column that a source's records have; nothing when its schema has a mistake.
  std::optional<Schema> full_schema(const SourceSpec& source) {
    // What is missing was reported by spec/: nothing is known about the columns.
    if (!source.format.given) return std::nullopt;
    if (*source.format == FormatKind::kRaw) {
      return Schema({Field{"value", {.kind = TypeKind::kBytea}, false}});
    }
    if (!source.schema.given()) return std::nullopt;
    std::vector<SqlError> errors;
    Schema schema = compile_schema(source.schema.text(), errors);
    report(source.schema, errors);
    return errors.empty() ? std::optional(std::move(schema)) : std::nullopt;
  }

  PlannedChain chain(std::size_t source) {
    const std::optional<Schema> full = full_schema(job_.sources[source]);
    if (!full) return {};
    // Once over all columns, to learn which are used; once over those.
    std::set<std::size_t> used;
    PlannedChain all = compile(source, std::make_shared<Schema>(*full), &used);
    if (diagnostics_.has_errors()) return all;
    std::vector<Field> fields;
    std::vector<std::string> unused;
    for (std::size_t i = 0; i < full->size(); ++i) {
      // NOT NULL is the schema's promise about every record, used or not.
      if (used.contains(i) || (*full)[i].not_null) {
        fields.push_back((*full)[i]);
      } else {
        unused.push_back((*full)[i].name);
      }
    }
    PlannedChain chain = compile(source, std::make_shared<Schema>(std::move(fields)), nullptr);
    chain.not_decoded = std::move(unused);
    return chain;
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
    for (auto taker = links_.takers.find(at);; taker = links_.takers.find(at)) {
      if (taker == links_.takers.end()) return chain;  // reported: nobody takes these rows
      if (!taker->second.is_step) break;
      const StepSpec& spec = job_.steps[taker->second.index];
      // One with a mistake in its expression was reported; its columns are unknown.
      if (spec.filter.given() == spec.select.given()) return chain;
      const SqlScope scope{schema.get(), described, params_};
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
      at = links_.step_names[taker->second.index];
    }
    chain.sink = links_.takers.at(at).index;
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
      chain.key =
          compile_expression(sink.kafka.key.text(), SqlScope{&schema, described, params_}, errors);
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

  const JobSpec& job_;
  Diagnostics& diagnostics_;
  const Links links_;
  std::vector<SqlParam> params_;
};

}  // namespace

std::optional<Plan> make_plan(const JobSpec& job, Diagnostics& diagnostics) {
  return Planner(job, diagnostics).plan();
}

}  // namespace weir
