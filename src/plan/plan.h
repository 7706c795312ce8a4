#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "data/schema.h"
#include "plan/delivery.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "sql/expression.h"

namespace weir {

/// One that takes the rows of a source or step.
struct Taker {
  bool is_step = false;
  std::size_t index = 0;  ///< into Plan::steps or sinks
};

/// One way out of a route.
struct PlannedRoute {
  std::optional<Expression> when;  ///< none: every row, or with `otherwise` those nobody took
  bool otherwise = false;
  Taker taker;
};

/// One step with its expressions compiled.
struct PlannedStep {
  std::string id;
  StepKind kind = StepKind::kNone;
  std::optional<Expression> filter;
  /// Of a select; of an explode one target, the array and the name of its element.
  std::vector<SelectTarget> select;
  std::vector<PlannedRoute> routes;
  std::shared_ptr<const Schema> input;
  std::shared_ptr<const Schema> output;
  std::vector<Taker> takers;  ///< none of a route
};

struct PlannedSource {
  std::shared_ptr<const Schema> decoded;  ///< the columns that are used, and so decoded
  std::vector<std::string> columns;       ///< names of all columns of the schema, in order
  std::vector<std::string> not_decoded;   ///< those of them that are not used
  bool reads_headers = false;
  std::vector<SelectTarget> row;         ///< of generate: what makes its rows of `i`
  std::shared_ptr<const Schema> output;  ///< of its rows: `decoded`, or the columns of `row`
  std::vector<Taker> takers;
};

struct PlannedSink {
  std::shared_ptr<const Schema> input;
  std::optional<Expression> key;
  std::optional<Expression> partition;  ///< bigint or integer
  std::optional<Expression> tombstone;  ///< boolean
  std::vector<SelectTarget> headers;
};

/// A job without live objects: sources, steps and sinks by their index in the JobSpec, and who
/// takes whose rows. A step's takers come after it, so there are no cycles.
///
/// Thread: any, immutable.
struct Plan {
  PlanHash hash;
  std::vector<PlannedSource> sources;
  std::vector<PlannedStep> steps;
  std::vector<PlannedSink> sinks;
  Delivery delivery;
};

/// Compiles every expression and finds who takes whose rows. All mistakes go to `diagnostics`;
/// nothing comes back when there was one.
std::optional<Plan> make_plan(const JobSpec& job, Diagnostics& diagnostics);

/// What the hash of a plan is made of: everything that decides which rows go where, in a versioned
/// grammar of its own, and nothing that only tunes how (commit, limits, compression) or says how to
/// reach a cluster. Two files with one meaning have one text, whatever their white space.
std::string canonical_plan(const JobSpec& job, const Plan& plan);

/// What only a job's surroundings know, for explain_plan.
struct PlanSurroundings {
  std::string instance;
  std::string directory;                              ///< where the job keeps its state
  std::optional<std::string> checkpoint;              ///< "epoch 7", when it was started before
  std::map<std::string, std::string> ends_kept = {};  ///< source -> where it ends since then
  std::map<std::string, std::string> matches = {};    ///< source -> what its pattern matches now
};

/// For `weir plan`: what the job reads, does, writes and promises, as text for people.
std::string explain_plan(const JobSpec& job, const Plan& plan, const PlanSurroundings& around);

}  // namespace weir
