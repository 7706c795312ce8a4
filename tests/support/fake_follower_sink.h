#pragma once

#include <map>
#include <string>
#include <vector>

#include "flow/sink.h"
#include "support/interrupts.h"

namespace weir::test {

/// What the outside world has, by epoch.
using Delivered = std::map<EpochId, std::vector<std::string>>;

/// Delivers into `outside`, which survives the process: the same epoch again replaces itself. Rows
/// are the first column, as text; "unencodable" cannot be rendered.
class FakeFollowerSink final : public FollowerSink {
 public:
  FakeFollowerSink(std::string name, Delivered& outside, Interrupts& interrupts)
      : name_(std::move(name)), outside_(outside), interrupts_(interrupts) {}

  const std::string& name() const override { return name_; }
  Result<> render(const Batch& batch, std::vector<std::string>& rows,
                  std::vector<RowError>& errors) const override;
  Result<> deliver(EpochId epoch, std::span<const std::string> rows, MonoTime deadline) override;

 private:
  const std::string name_;
  Delivered& outside_;
  Interrupts& interrupts_;
};

}  // namespace weir::test
