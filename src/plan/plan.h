#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "data/schema.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "sql/expression.h"

namespace weir {

/// One step with its expressions compiled; exactly one of filter and select is there.
struct PlannedStep {
  std::string id;
  std::optional<Expression> filter;
  std::vector<SelectTarget> select;
  std::shared_ptr<const Schema> output;
};

/// What happens to the records of one source, up to its sink. In this version every source and
/// step has exactly one taker.
struct PlannedChain {
  std::size_t source = 0;                 ///< index into JobSpec::sources
  std::shared_ptr<const Schema> decoded;  ///< the columns that are used, and so decoded
  std::vector<std::string> not_decoded;   ///< the schema's other columns
  std::vector<PlannedStep> steps;
  std::size_t sink = 0;  ///< index into JobSpec::sinks
  std::optional<Expression> key;
  bool reads_headers = false;
};

/// A job without live objects. Thread: any, immutable.
struct Plan {
  PlanHash hash;
  std::vector<PlannedChain> chains;
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
  std::string directory;                  ///< where the job keeps its state
  std::optional<std::string> checkpoint;  ///< "epoch 7 (flights/0@23, ...)" when it has run before
};

/// For `weir plan`: what the job reads, does, writes and promises, as text for people.
std::string explain_plan(const JobSpec& job, const Plan& plan, const PlanSurroundings& around);

}  // namespace weir
