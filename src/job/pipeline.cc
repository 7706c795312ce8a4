#include "job/pipeline.h"

#include "base/check.h"
#include "formats/decoder.h"
#include "job/formats.h"
#include "operators/explode.h"
#include "operators/route.h"
#include "operators/stateless.h"

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
        operators_(plan.steps.size()) {
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
      for (const Taker& taker : plan.steps[i].takers) reach(taker);
      for (const PlannedRoute& route : plan.steps[i].routes) reach(route.taker);
    }
  }

  Result<> process(RecordBatch&& records, const EpochContext& epoch, PipelineOut& out) override {
    BatchPtr batch = decoder_->decode(std::move(records), errors_);
    for (const RowError& error : errors_) {
      Result<> kept = out.reject(RowErrorKind::kDecode, source_name_, *batch, error);
      if (!kept) {
        errors_.clear();
        return kept;
      }
    }
    errors_.clear();
    if (batch->selection.empty()) return {};
    const Run run{epoch, out};
    if (!row_) return give(source_.takers, std::move(batch), run);
    Out rows(*this, source_name_, source_.takers, nullptr, run);
    return row_->process(std::move(batch), epoch, rows);
  }

 private:
  struct Run {
    const EpochContext& epoch;
    PipelineOut& out;
  };

  class Out final : public Emitter {
   public:
    Out(StepsPipeline& pipeline, const std::string& step, const std::vector<Taker>& takers,
        const std::vector<PlannedRoute>* routes, const Run& run)
        : pipeline_(pipeline), step_(step), takers_(takers), routes_(routes), run_(run) {}
    Result<> emit(BatchPtr batch, std::size_t port) override {
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
  std::vector<RowError> errors_;
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
