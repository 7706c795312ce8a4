#include "support/fake_follower_sink.h"

#include "support/text_batch.h"

namespace weir::test {

Result<> FakeFollowerSink::render(const Batch& batch, std::vector<std::string>& rows,
                                  std::vector<RowError>& errors) const {
  for (const RowIndex row : batch.selection) {
    const std::string_view text = text_of(batch, row);
    if (text == "unencodable") {
      errors.push_back({row, "this row cannot be rendered"});
    } else {
      rows.emplace_back(text);
    }
  }
  return {};
}

Result<> FakeFollowerSink::deliver(EpochId epoch, std::span<const std::string> rows,
                                   MonoTime deadline) {
  interrupts_.point("deliver.sent");
  const Fault fault = interrupts_.fault("deliver");
  if (fault == Fault::kLost) {
    while (interrupts_.wait("deliver", deadline)) {
    }
  } else {
    outside_[epoch].assign(rows.begin(), rows.end());
  }
  interrupts_.point("deliver.answered");
  if (fault == Fault::kNone) return {};
  return Error{Action::kRetry, Code::kBrokersUnreachable, name_ + ": no answer"};
}

}  // namespace weir::test
