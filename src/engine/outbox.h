#pragma once

#include <string>
#include <vector>

#include "flow/epoch_record.h"
#include "flow/sink.h"

namespace weir {

/// Takes the rows for a follower while an epoch is open: rendered, and kept until the seal. What
/// bounds them is the epoch's budget.
///
/// Owned by the worker. Thread: that worker.
class OutboxWriter final : public SinkWriter {
 public:
  explicit OutboxWriter(const FollowerSink& sink) : sink_(sink) {}

  Result<> begin(EpochId epoch) override;
  Result<std::size_t> write(const Batch& batch, std::size_t from, std::vector<RowError>& errors,
                            std::uint64_t& bytes) override;
  /// Moves the epoch's rows behind `out`, in order.
  void take(std::vector<OutboxRow>& out);

 private:
  const FollowerSink& sink_;
  std::vector<std::string> rows_;
};

}  // namespace weir
