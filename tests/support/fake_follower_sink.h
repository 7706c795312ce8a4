#pragma once

#include <map>
#include <string>
#include <vector>

#include "flow/sink.h"
#include "support/interrupts.h"

namespace weir::test {

/// Keeps what was delivered, by epoch: the same epoch again replaces itself. Rows are the first
/// column, as text; "unencodable" cannot be rendered.
///
/// Owned by the test; what it keeps is the outside world and survives a crash.
class FakeFollowerSink final : public FollowerSink {
 public:
  FakeFollowerSink(std::string name, Interrupts& interrupts)
      : name_(std::move(name)), interrupts_(interrupts) {}

  const std::string& name() const override { return name_; }
  Result<> render(const Batch& batch, std::vector<std::string>& rows,
                  std::vector<RowError>& errors) const override;
  Result<> deliver(EpochId epoch, std::span<const std::string> rows, MonoTime deadline) override;

  const std::map<EpochId, std::vector<std::string>>& delivered() const { return delivered_; }

 private:
  const std::string name_;
  Interrupts& interrupts_;
  std::map<EpochId, std::vector<std::string>> delivered_;
};

}  // namespace weir::test
