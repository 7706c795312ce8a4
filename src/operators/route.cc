#include "operators/route.h"

#include <algorithm>

#include "operators/rejects.h"
#include "sql/evaluator.h"

namespace weir {
namespace {

using Rows = std::vector<RowIndex>;

Rows without(const Rows& rows, const Rows& others) {
  Rows left;
  std::set_difference(rows.begin(), rows.end(), others.begin(), others.end(),
                      std::back_inserter(left));
  return left;
}

class Route final : public Operator {
 public:
  explicit Route(std::vector<RouteWay> ways) : ways_(std::move(ways)) {}

  Result<> process(BatchPtr batch, const EpochContext& /*epoch*/, Emitter& out) override {
    std::vector<Rows> taken(ways_.size());
    Rows all = std::move(batch->selection);
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (!ways_[i].when) continue;
      batch->selection = all;
      apply_filter(*ways_[i].when, *batch, errors_);
      taken[i] = std::move(batch->selection);
    }
    const Rows failed = forget_repeats();
    all = without(all, failed);
    Rows left = all;
    for (Rows& rows : taken) {
      rows = without(rows, failed);
      left = without(left, rows);
    }
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (!ways_[i].when) taken[i] = ways_[i].otherwise ? left : all;
    }
    WEIR_TRY(reject_all(*batch, errors_, out));
    return emit(std::move(batch), taken, out);
  }

 private:
  // The rows of errors_, ascending, which then names each once, by its first failure.
  Rows forget_repeats() {
    const auto by_row = [](const RowError& a, const RowError& b) { return a.row < b.row; };
    const auto same_row = [](const RowError& a, const RowError& b) { return a.row == b.row; };
    std::stable_sort(errors_.begin(), errors_.end(), by_row);
    errors_.erase(std::unique(errors_.begin(), errors_.end(), same_row), errors_.end());
    Rows rows;
    for (const RowError& error : errors_) rows.push_back(error.row);
    return rows;
  }

  static Result<> emit(BatchPtr batch, std::vector<Rows>& taken, Emitter& out) {
    std::size_t left = 0;
    for (const Rows& rows : taken)
      if (!rows.empty()) ++left;
    for (std::size_t port = 0; port < taken.size(); ++port) {
      if (taken[port].empty()) continue;
      BatchPtr mine = --left == 0 ? std::move(batch) : share(*batch);
      mine->selection = std::move(taken[port]);
      WEIR_TRY(out.emit(std::move(mine), port));
    }
    return {};
  }

  const std::vector<RouteWay> ways_;
  std::vector<RowError> errors_;
};

}  // namespace

std::unique_ptr<Operator> make_route(std::vector<RouteWay> ways) {
  return std::make_unique<Route>(std::move(ways));
}

}  // namespace weir
