#include "plan/compile_steps.h"

#include <algorithm>

namespace weir {

void report_sql(const JobSpec& job, const SqlText& sql, const std::vector<SqlError>& errors,
                Diagnostics& diagnostics) {
  for (const SqlError& each : errors) {
    diagnostics.error(*job.source, sql.place(each.offset, each.length), each.code, each.message,
                      each.hint);
  }
}

void StepCompiler::report(const SqlText& sql, const std::vector<SqlError>& errors) {
  report_sql(job_, sql, errors, diagnostics_);
}

Plan StepCompiler::compile(const std::vector<std::shared_ptr<const Schema>>& decoded) {
  plan_ = {};
  plan_.sources.resize(job_.sources.size());
  plan_.steps.resize(job_.steps.size());
  plan_.sinks.resize(job_.sinks.size());
  sources_.assign(job_.sources.size(), {});
  steps_.assign(job_.steps.size(), {});
  used_.assign(job_.sources.size(), {});
  for (std::size_t i = 0; i < job_.sources.size(); ++i) source(i, decoded[i]);
  for (std::size_t i = 0; i < job_.steps.size(); ++i) step(i);
  for (std::size_t i = 0; i < job_.sinks.size(); ++i) sink(i);
  return std::move(plan_);
}

void StepCompiler::source(std::size_t index, std::shared_ptr<const Schema> decoded) {
  PlannedSource& planned = plan_.sources[index];
  Rows& rows = sources_[index];
  rows.described = "source \"" + *job_.sources[index].name + "\"";
  rows.sources = rows.plain_sources = {index};
  planned.decoded = rows.schema = std::move(decoded);
  if (rows.schema) rows.plain_columns = rows.schema->size();
  const SqlText& row = job_.sources[index].generate.row;
  if (row.given() && rows.schema) {
    PlannedStep numbers;
    select(row, rows, numbers);
    planned.row = std::move(numbers.select);
    rows.described = "source \"" + *job_.sources[index].name + "\"";
  }
  planned.output = rows.schema;
}

const StepCompiler::Rows& StepCompiler::rows_of(const Giver& giver) const {
  return giver.is_step ? steps_[giver.index] : sources_[giver.index];
}

// The rows of all givers together; several are those of a union, or of one route.
StepCompiler::Rows StepCompiler::gather(const std::vector<Giver>& givers, Place at) {
  if (givers.empty()) return {};  // reported: nobody gives it rows
  Rows rows = rows_of(givers.front());
  for (std::size_t i = 1; i < givers.size(); ++i) {
    const Rows& other = rows_of(givers[i]);
    rows.sources.insert(other.sources.begin(), other.sources.end());
    if (!rows.schema || !other.schema) {
      rows.schema = nullptr;
    } else if (rows.schema != other.schema) {
      const auto same = [](const Field& a, const Field& b) {
        return a.name == b.name && a.type == b.type;
      };
      if (!std::equal(rows.schema->fields().begin(), rows.schema->fields().end(),
                      other.schema->fields().begin(), other.schema->fields().end(), same)) {
        error(at, Code::kUnion,
              rows.described + " and " + other.described + " have different columns",
              "put a select before the union that gives both the same names and types, in order");
        rows.schema = nullptr;
      }
    }
  }
  return rows;
}

void StepCompiler::take(const std::vector<Giver>& givers, Taker taker) {
  for (const Giver& giver : givers) {
    if (!giver.is_step) {
      plan_.sources[giver.index].takers.push_back(taker);
    } else if (PlannedStep& step = plan_.steps[giver.index]; step.kind == StepKind::kRoute) {
      step.routes[giver.port].taker = taker;
    } else {
      step.takers.push_back(taker);
    }
  }
}

void StepCompiler::step(std::size_t index) {
  const StepSpec& spec = job_.steps[index];
  PlannedStep& planned = plan_.steps[index];
  const std::vector<Giver>& givers = links_.of_steps[index];
  Rows rows = gather(givers, spec.id.at);
  planned.id = *spec.id;
  planned.kind = spec.kind;
  planned.input = rows.schema;
  planned.routes.resize(spec.route.size());
  take(givers, {.is_step = true, .index = index});
  switch (rows.schema ? spec.kind : StepKind::kNone) {
    case StepKind::kNone:
      rows.schema = nullptr;
      break;
    case StepKind::kFilter:
      filter(spec.sql, rows, planned.filter);
      break;
    case StepKind::kSelect:
      select(spec.sql, rows, planned);
      break;
    case StepKind::kExplode:
      explode(spec.sql, rows, planned);
      break;
    case StepKind::kRoute:
      route(spec, rows, planned);
      break;
    case StepKind::kUnion:
      // Its inputs must stay alike, whatever those behind it use.
      for (const Giver& giver : givers) use_all(rows_of(giver));
      rows.plain_sources.clear();
      rows.plain_columns = 0;
      rows.described = "step \"" + *spec.id + "\"";
      break;
  }
  planned.output = rows.schema;
  steps_[index] = std::move(rows);
}

void StepCompiler::filter(const SqlText& sql, const Rows& in, std::optional<Expression>& into) {
  std::vector<SqlError> errors;
  into = compile_filter(sql.text(), scope(in), errors);
  report(sql, errors);
  if (into) use(*into, in);
}

void StepCompiler::select(const SqlText& sql, Rows& rows, PlannedStep& step) {
  std::vector<SqlError> errors;
  step.select = compile_select(sql.text(), scope(rows), errors);
  report(sql, errors);
  std::vector<Field> fields;
  for (const SelectTarget& target : step.select) {
    fields.push_back({target.name, target.expression.type(), false});
    use(target.expression, rows);
  }
  rows.schema = errors.empty() ? std::make_shared<const Schema>(std::move(fields)) : nullptr;
  rows.plain_sources.clear();
  rows.plain_columns = 0;
  rows.described = "step \"" + step.id + "\"";
}

void StepCompiler::explode(const SqlText& sql, Rows& rows, PlannedStep& step) {
  std::vector<SqlError> errors;
  step.select = compile_select(sql.text(), scope(rows), errors);
  report(sql, errors);
  std::shared_ptr<const Schema> before = std::exchange(rows.schema, nullptr);
  if (!errors.empty()) return;
  if (step.select.size() != 1) {
    return error(sql.at(), Code::kSqlNotHere, "explode takes one array",
                 "such as explode: order->'lines' AS line");
  }
  const SelectTarget& array = step.select.front();
  use(array.expression, rows);
  if (array.expression.type().kind != TypeKind::kJsonb) {
    return error(sql.at(), Code::kSqlType,
                 "explode takes a jsonb array, not " + to_string(array.expression.type()));
  }
  if (before->find(array.name)) {
    return error(sql.at(), Code::kSqlNotHere,
                 "there is a column \"" + array.name + "\" already in " + rows.described,
                 "give the element another name: ... AS line");
  }
  std::vector<Field> fields = before->fields();
  fields.push_back({array.name, {.kind = TypeKind::kJsonb}, true});
  rows.schema = std::make_shared<const Schema>(std::move(fields));
  rows.described = "step \"" + step.id + "\"";
}

void StepCompiler::route(const StepSpec& spec, const Rows& in, PlannedStep& step) {
  for (std::size_t i = 0; i < spec.route.size(); ++i) {
    step.routes[i].otherwise = spec.route[i].otherwise;
    if (spec.route[i].when.given()) filter(spec.route[i].when, in, step.routes[i].when);
  }
}

void StepCompiler::sink(std::size_t index) {
  const SinkSpec& spec = job_.sinks[index];
  PlannedSink& planned = plan_.sinks[index];
  const std::vector<Giver>& givers = links_.of_sinks[index];
  const Rows rows = gather(givers, spec.name.at);
  take(givers, {.is_step = false, .index = index});
  planned.input = rows.schema;
  if (!rows.schema) return;
  use_all(rows);
  const KafkaSinkSpec& kafka = spec.kafka;
  planned.key = expression(kafka.key, rows);
  planned.partition = expression(kafka.partition, rows);
  planned.tombstone = expression(kafka.tombstone_when, rows);
  if (planned.partition) {
    const TypeKind kind = planned.partition->type().kind;
    check_kind(kafka.partition, planned.partition,
               kind == TypeKind::kInteger || kind == TypeKind::kBigint, "an integer");
  }
  if (planned.tombstone) {
    check_kind(kafka.tombstone_when, planned.tombstone,
               planned.tombstone->type().kind == TypeKind::kBoolean, "a boolean");
  }
  for (const auto& [name, sql] : kafka.headers) {
    if (auto made = expression(sql, rows)) planned.headers.push_back({name, std::move(*made)});
  }
  check_format(spec, rows);
}

std::optional<Expression> StepCompiler::expression(const SqlText& sql, const Rows& in) {
  if (!sql.given()) return std::nullopt;
  std::vector<SqlError> errors;
  std::optional<Expression> made = compile_expression(sql.text(), scope(in), errors);
  report(sql, errors);
  if (made) use(*made, in);
  return made;
}

void StepCompiler::check_kind(const SqlText& sql, std::optional<Expression>& made, bool fits,
                              std::string_view wanted) {
  if (fits) return;
  error(sql.at(), Code::kSqlType,
        "this must be " + std::string(wanted) + ", not " + to_string(made->type()));
}

void StepCompiler::check_format(const SinkSpec& spec, const Rows& in) {
  if (!spec.format.given) return;
  const bool raw = *spec.format == FormatKind::kRaw;
  if (!raw && *spec.format != FormatKind::kText) return;
  const Schema& schema = *in.schema;
  const bool bytes = schema.size() == 1 && (schema[0].type.kind == TypeKind::kBytea ||
                                            schema[0].type.kind == TypeKind::kText);
  if (raw ? bytes : schema.size() == 1) return;
  const bool one = schema.size() == 1;
  error(spec.format.at.length != 0 ? spec.format.at : spec.name.at, Code::kPlanFormat,
        "format " + std::string(to_string(*spec.format)) + " writes exactly one column" +
            (raw ? " of text or bytea" : "") + ", and " + in.described + " has " +
            (one ? "one of " + to_string(schema[0].type) : std::to_string(schema.size())) +
            "; add a select");
}

void StepCompiler::use(const Expression& expression, const Rows& in) {
  for (const std::size_t source : in.sources) {
    plan_.sources[source].reads_headers =
        plan_.sources[source].reads_headers || expression.reads_headers();
  }
  for (const std::size_t column : expression.columns()) {
    if (column >= in.plain_columns) continue;
    for (const std::size_t source : in.plain_sources) used_[source].insert(column);
  }
}

void StepCompiler::use_all(const Rows& in) {
  for (const std::size_t source : in.plain_sources) {
    for (std::size_t column = 0; column < in.plain_columns; ++column) {
      used_[source].insert(column);
    }
  }
}

}  // namespace weir
