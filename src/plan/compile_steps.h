#pragma once

#include <memory>
#include <set>
#include <vector>

#include "plan/links.h"
#include "plan/plan.h"

namespace weir {

/// Compiles the expressions of a job against the columns of its sources, and collects which of them
/// are used. make_plan does it twice: over all columns, to learn which are used, and over those.
///
/// Thread: its caller's.
class StepCompiler {
 public:
  /// `schemas`: one per source, null where its schema has a mistake. Mistakes go to `diagnostics`.
  StepCompiler(const JobSpec& job, const Links& links, const std::vector<SqlParam>& params,
               Diagnostics& diagnostics)
      : job_(job), links_(links), params_(params), diagnostics_(diagnostics) {}

  /// `decoded`: the columns of each source, null where its schema has a mistake.
  Plan compile(const std::vector<std::shared_ptr<const Schema>>& decoded);

  /// Per source, the columns that steps and sinks use.
  const std::vector<std::set<std::size_t>>& used() const { return used_; }

 private:
  /// What comes out of a source or step.
  struct Rows {
    std::shared_ptr<const Schema> schema;  // null: unknown, its mistake was reported
    std::string described;                 // for messages
    std::set<std::size_t> sources;         // whose records reach it
    /// Those sources whose columns are its first columns, before any select.
    std::set<std::size_t> plain_sources;
    std::size_t plain_columns = 0;
  };

  void source(std::size_t index, std::shared_ptr<const Schema> decoded);
  void step(std::size_t index);
  void sink(std::size_t index);
  Rows gather(const std::vector<Giver>& givers, Place at);
  const Rows& rows_of(const Giver& giver) const;
  void take(const std::vector<Giver>& givers, Taker taker);
  void filter(const SqlText& sql, const Rows& in, std::optional<Expression>& into);
  void select(const SqlText& sql, Rows& rows, PlannedStep& step);
  void explode(const SqlText& sql, Rows& rows, PlannedStep& step);
  void route(const StepSpec& spec, const Rows& in, PlannedStep& step);
  std::optional<Expression> expression(const SqlText& sql, const Rows& in);
  void check_format(const SinkSpec& spec, const Rows& in);
  void check_kind(const SqlText& sql, std::optional<Expression>& made, bool fits,
                  std::string_view wanted);

  SqlScope scope(const Rows& rows) const { return {rows.schema.get(), rows.described, params_}; }
  void use(const Expression& expression, const Rows& in);
  void use_all(const Rows& in);
  void error(Place place, Code code, std::string message, std::string hint = {}) {
    diagnostics_.error(*job_.source, place, code, std::move(message), std::move(hint));
  }
  void report(const SqlText& sql, const std::vector<SqlError>& errors);

  const JobSpec& job_;
  const Links& links_;
  const std::vector<SqlParam>& params_;
  Diagnostics& diagnostics_;
  Plan plan_;
  std::vector<Rows> sources_, steps_;
  std::vector<std::set<std::size_t>> used_;
};

/// Mistakes in a SQL text, where they stand in the file.
void report_sql(const JobSpec& job, const SqlText& sql, const std::vector<SqlError>& errors,
                Diagnostics& diagnostics);

}  // namespace weir
