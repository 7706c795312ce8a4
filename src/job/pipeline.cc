#include "job/pipeline.h"

#include <algorithm>

#include "base/check.h"
#include "formats/decoder.h"
#include "job/formats.h"
#include "job/record_bound.h"
#include "operators/explode.h"
#include "operators/route.h"
#include "operators/stateless.h"
#include "plan/memory.h"

namespace weir {
namespace {

std::unique_ptr<Operator> make_operator(const PlannedStep& step) {
  switch (step.kind) {
    case StepKind::kFilter:
      return make_filter(*step.filter);
    case StepKind::kSelect:
      return make_select(step.select, step.output);
    case StepKind::kExplode:
      return make_explode(step.select.front().expression, step.output);
    case StepKind::kRoute: {
      std::vector<RouteWay> ways;
      for (const PlannedRoute& route : step.routes) ways.push_back({route.when, route.otherwise});
      return make_route(std::move(ways));
    }
    case StepKind::kUnion:
    case StepKind::kNone:
      break;
  }
  return nullptr;  // a union lets its rows pass
}

// The steps behind one source, run to the end for every batch.
class StepsPipeline final : public Pipeline {
 public:
  StepsPipeline(const JobSpec& job, const Plan& plan, std::size_t source,
                std::unique_ptr<Decoder> decoder, const std::vector<SinkIndex>& sinks)
      : plan_(plan),
        source_name_(*job.sources[source].name),
        source_(plan.sources[source]),
        decoder_(std::move(decoder)),
        sinks_(sinks),
        operators_(plan.steps.size()),
        bound_(share_memory(job.limits.memory_bytes).record_rows_bytes) {
    if (!source_.row.empty()) row_ = make_select(source_.row, source_.output);
    // Those that its rows reach: a step's takers come after it.
    std::vector<bool> reached(plan.steps.size());
    const auto reach = [&](const Taker& taker) {
      if (taker.is_step) reached[taker.index] = true;
    };
    for (const Taker& taker : source_.takers) reach(taker);
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      if (!reached[i]) continue;
      operators_[i] = make_operator(plan.steps[i]);
      if (plan.steps[i].kind == StepKind::kExplode && explode_ == nullptr) {
        explode_ = &plan.steps[i].id;
      }
      for (const Taker& taker : plan.steps[i].takers) reach(taker);
      for (const PlannedRoute& route : plan.steps[i].routes) reach(route.taker);
    }
  }

  Result<> process(RecordBatch&& records, const EpochContext& epoch, PipelineOut& out) override {
    std::vector<RowError> errors;
    BatchPtr batch = decoder_->decode(std::move(records), errors);
    WEIR_TRY(reject(RowErrorKind::kDecode, source_name_, *batch, errors, out));
    const Run run{epoch, out};
    if (explode_ == nullptr) return run_steps(std::move(batch), run);
    std::vector<RowError> too_large;
    for (;;) {
      bound_.begin();
      const Result<> done = run_steps(share(*batch), run);
      if (done || !bound_.too_large()) return done;
      too_large.push_back(leave_out(*bound_.too_large(), *batch));
      out.start_over();
      WEIR_TRY(reject(RowErrorKind::kDecode, source_name_, *batch, errors, out));
      WEIR_TRY(reject(RowErrorKind::kEval, *explode_, *batch, too_large, out));
    }
  }

 private:
  struct Run {
    const EpochContext& epoch;
    PipelineOut& out;
  };

  static Result<> reject(RowErrorKind kind, const std::string& step, const Batch& batch,
                         const std::vector<RowError>& errors, PipelineOut& out) {
    for (const RowError& error : errors) WEIR_TRY(out.reject(kind, step, batch, error));
    return {};
  }

  // Takes the record whose rows are too large out of the batch.
  RowError leave_out(std::int64_t offset, Batch& batch) const {
    const auto row =
        std::find_if(batch.selection.begin(), batch.selection.end(),
                     [&](const RowIndex each) { return batch.records[each].offset == offset; });
    WEIR_CHECK(row != batch.selection.end(), "rows are made of the records that are in");
    RowError error{*row, "its rows take more than " + std::to_string(bound_.bytes_max() >> 20U) +
                             " MiB, a quarter of `limits.memory`: leave long columns out by a "
                             "select before the explode, or raise the limit"};
    batch.selection.erase(row);
    return error;
  }

  Result<> run_steps(BatchPtr batch, const Run& run) {
    if (batch->selection.empty()) return {};
    if (!row_) return give(source_.takers, std::move(batch), run);
    Out rows(*this, source_name_, source_.takers, nullptr, run);
    return row_->process(std::move(batch), run.epoch, rows);
  }

  // What stops the steps; process() starts over without that record.
  static Error too_large() {
    return {Action::kHalt, Code::kPoisonRecord, "the rows of a record take too much memory"};
  }

  class Out final : public Emitter {
   public:
    Out(StepsPipeline& pipeline, const std::string& step, const std::vector<Taker>& takers,
        const std::vector<PlannedRoute>* routes, const Run& run)
        : pipeline_(pipeline), step_(step), takers_(takers), routes_(routes), run_(run) {}
    Result<> emit(BatchPtr batch, std::size_t port) override {
      if (pipeline_.explode_ != nullptr && !pipeline_.bound_.made(*batch)) return too_large();
      if (routes_ != nullptr) {
        return pipeline_.give((*routes_)[port].taker, std::move(batch), run_);
      }
      return pipeline_.give(takers_, std::move(batch), run_);
    }
    Result<> reject(const Batch& batch, RowError error) override {
      return run_.out.reject(RowErrorKind::kEval, step_, batch, error);
    }

   private:
    StepsPipeline& pipeline_;
    const std::string& step_;
    const std::vector<Taker>& takers_;
    const std::vector<PlannedRoute>* const routes_;
    const Run& run_;
  };

  Result<> give(const std::vector<Taker>& takers, BatchPtr batch, const Run& run) {
    for (std::size_t i = 0; i + 1 < takers.size(); ++i) {
      WEIR_TRY(give(takers[i], share(*batch), run));
    }
    return give(takers.back(), std::move(batch), run);
  }

  Result<> give(const Taker& taker, BatchPtr batch, const Run& run) {
    if (!taker.is_step) {
      if (explode_ != nullptr && !bound_.given(*batch)) return too_large();
      run.out.rows(sinks_[taker.index], std::move(batch));
      return {};
    }
    const PlannedStep& step = plan_.steps[taker.index];
    if (!operators_[taker.index]) return give(step.takers, std::move(batch), run);
    Out out(*this, step.id, step.takers, step.kind == StepKind::kRoute ? &step.routes : nullptr,
            run);
    return operators_[taker.index]->process(std::move(batch), run.epoch, out);
  }

  const Plan& plan_;
  const std::string& source_name_;
  const PlannedSource& source_;
  const std::unique_ptr<Decoder> decoder_;
  const std::vector<SinkIndex> sinks_;
  std::unique_ptr<Operator> row_;
  std::vector<std::unique_ptr<Operator>> operators_;  // by step; null: not reached, or a union
  const std::string* explode_ = nullptr;              // the first such step that its rows reach
  RecordBound bound_;                                 // for the rows of that
};

}  // namespace

Result<std::unique_ptr<Pipeline>> make_pipeline(const JobSpec& job, const Plan& plan,
                                                std::size_t source,
                                                const std::vector<SinkIndex>& sinks) {
  WEIR_ASSIGN(auto decoder,
              make_decoder(format_of(job.sources[source]), plan.sources[source].decoded,
                           format_options(job.sources[source], plan.sources[source])));
  return std::unique_ptr<Pipeline>(
      std::make_unique<StepsPipeline>(job, plan, source, std::move(decoder), sinks));
}

}  // namespace weir
