#include "plan/plan.h"

#include <set>

#include "base/hash.h"
#include "plan/compile_steps.h"
#include "plan/links.h"
#include "plan/pattern.h"

namespace weir {
namespace {

class Planner {
 public:
  Planner(const JobSpec& job, Diagnostics& diagnostics) : job_(job), diagnostics_(diagnostics) {}

  std::optional<Plan> plan() {
    const Links links = find_links(job_, diagnostics_);
    read_params();
    // Mistakes elsewhere do not keep those in SQL from being found.
    StepCompiler compiler(job_, links, params_, diagnostics_);
    std::vector<std::shared_ptr<const Schema>> schemas;
    for (const SourceSpec& source : job_.sources) schemas.push_back(full_schema(source));
    compiler.compile(schemas);
    Delivery delivery = plan_delivery(job_, diagnostics_);
    check_patterns(job_, diagnostics_);
    if (diagnostics_.has_errors()) return std::nullopt;
    // Once more over the columns that are used.
    std::vector<std::shared_ptr<const Schema>> decoded;
    for (std::size_t i = 0; i < schemas.size(); ++i) {
      decoded.push_back(part_of(*schemas[i], compiler.used()[i]));
    }
    Plan plan = compiler.compile(decoded);
    for (std::size_t i = 0; i < schemas.size(); ++i) name_columns(*schemas[i], plan.sources[i]);
    plan.delivery = std::move(delivery);
    plan.hash = PlanHash{hash64(canonical_plan(job_, plan))};
    return plan;
  }

 private:
  void read_params() {
    for (const ParamSpec& param : job_.params) {
      if (param.type_is_wrong) {
        params_.push_back({*param.name, std::nullopt});
        continue;
      }
      params_.push_back({*param.name, compile_constant(*param.value, param.type)});
      // A value of the command line is the command line's to report.
      if (params_.back().value || !param.value.given) continue;
      diagnostics_.error(*job_.source, param.value.at, Code::kBadValue,
                         "\"" + *param.value + "\" is not of type " + to_string(param.type));
    }
  }

  // Every column that a source's records have; nothing when its schema has a mistake.
  std::shared_ptr<const Schema> full_schema(const SourceSpec& source) {
    const auto one = [](std::string name, TypeKind kind, bool not_null) {
      return std::make_shared<const Schema>(
          std::vector<Field>{{std::move(name), {.kind = kind}, not_null}});
    };
    if (source.kind == SourceKind::kGenerate) return one("i", TypeKind::kBigint, false);
    // What is missing was reported by spec/: nothing is known about the columns.
    if (source.kind == SourceKind::kNone || !source.format.given) return nullptr;
    if (*source.format == FormatKind::kRaw) return one("value", TypeKind::kBytea, false);
    if (*source.format == FormatKind::kText) return one("value", TypeKind::kText, false);
    if (!source.schema.given()) return nullptr;
    std::vector<SqlError> errors;
    Schema schema = compile_schema(source.schema.text(), errors);
    report_sql(job_, source.schema, errors, diagnostics_);
    return errors.empty() ? std::make_shared<const Schema>(std::move(schema)) : nullptr;
  }

  // NOT NULL is the schema's promise about every record, used or not.
  static std::shared_ptr<const Schema> part_of(const Schema& full,
                                               const std::set<std::size_t>& used) {
    std::vector<Field> fields;
    for (std::size_t i = 0; i < full.size(); ++i) {
      if (used.contains(i) || full[i].not_null) fields.push_back(full[i]);
    }
    return std::make_shared<const Schema>(std::move(fields));
  }

  static void name_columns(const Schema& full, PlannedSource& source) {
    for (const Field& field : full.fields()) {
      source.columns.push_back(field.name);
      if (!source.decoded->find(field.name)) source.not_decoded.push_back(field.name);
    }
  }

  const JobSpec& job_;
  Diagnostics& diagnostics_;
  std::vector<SqlParam> params_;
};

}  // namespace

std::optional<Plan> make_plan(const JobSpec& job, Diagnostics& diagnostics) {
  return Planner(job, diagnostics).plan();
}

}  // namespace weir
